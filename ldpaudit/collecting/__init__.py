"""The server side: what is estimated from all reports, how well, and over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.collecting.accuracy import measure_error as measure_error
    from ldpaudit.collecting.defences import DEFENCES as DEFENCES
    from ldpaudit.collecting.defences import Recovery as Recovery
    from ldpaudit.collecting.defences import SizeFilter as SizeFilter
    from ldpaudit.collecting.estimands import Distribution as Distribution
    from ldpaudit.collecting.estimands import Frequencies as Frequencies
    from ldpaudit.collecting.estimands import Marginals as Marginals
    from ldpaudit.collecting.estimands import Mean as Mean
    from ldpaudit.collecting.estimands import VectorMean as VectorMean
    from ldpaudit.collecting.influence import worst_influence as worst_influence
    from ldpaudit.collecting.manipulation import MaximalGain as MaximalGain
    from ldpaudit.collecting.manipulation import Poisoning as Poisoning
    from ldpaudit.collecting.manipulation import RandomReport as RandomReport
    from ldpaudit.collecting.manipulation import RandomValue as RandomValue
    from ldpaudit.collecting.manipulation import influence_limit as influence_limit
    from ldpaudit.collecting.manipulation import mean_influence_limit as mean_influence_limit
    from ldpaudit.collecting.manipulation import poison as poison
    from ldpaudit.collecting.manipulation import poisoning_gain as poisoning_gain
    from ldpaudit.collecting.mean_manipulation import MEAN_ATTACKS as MEAN_ATTACKS
    from ldpaudit.collecting.mean_manipulation import MeanPoisoning as MeanPoisoning
    from ldpaudit.collecting.mean_manipulation import poison_mean as poison_mean
    from ldpaudit.collecting.processed import POSTS as POSTS
    from ldpaudit.collecting.processed import Processed as Processed
    from ldpaudit.collecting.processed import measure_processed as measure_processed
    from ldpaudit.collecting.rounds import Followed as Followed
    from ldpaudit.collecting.rounds import evolve as evolve
    from ldpaudit.collecting.rounds import follow as follow
    from ldpaudit.collecting.servers import Server as Server
    from ldpaudit.collecting.servers import collects as collects
    from ldpaudit.collecting.streams import aggregate as aggregate
    from ldpaudit.collecting.streams import aggregate_files as aggregate_files

__all__ = [
    "DEFENCES",
    "MEAN_ATTACKS",
    "POSTS",
    "Distribution",
    "Followed",
    "Frequencies",
    "Marginals",
    "MaximalGain",
    "Mean",
    "MeanPoisoning",
    "Poisoning",
    "Processed",
    "RandomReport",
    "RandomValue",
    "Recovery",
    "Server",
    "SizeFilter",
    "VectorMean",
    "aggregate",
    "aggregate_files",
    "collects",
    "evolve",
    "follow",
    "influence_limit",
    "mean_influence_limit",
    "measure_error",
    "measure_processed",
    "poison",
    "poison_mean",
    "poisoning_gain",
    "worst_influence",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "Distribution": "estimands",
        "Followed": "rounds",
        "MaximalGain": "manipulation",
        "DEFENCES": "defences",
        "MEAN_ATTACKS": "mean_manipulation",
        "MeanPoisoning": "mean_manipulation",
        "poison_mean": "mean_manipulation",
        "POSTS": "processed",
        "Poisoning": "manipulation",
        "Processed": "processed",
        "RandomReport": "manipulation",
        "RandomValue": "manipulation",
        "Recovery": "defences",
        "Server": "servers",
        "SizeFilter": "defences",
        "Frequencies": "estimands",
        "Marginals": "estimands",
        "Mean": "estimands",
        "VectorMean": "estimands",
        "aggregate": "streams",
        "aggregate_files": "streams",
        "collects": "servers",
        "evolve": "rounds",
        "follow": "rounds",
        "influence_limit": "manipulation",
        "mean_influence_limit": "manipulation",
        "measure_error": "accuracy",
        "measure_processed": "processed",
        "poison": "manipulation",
        "poisoning_gain": "manipulation",
        "worst_influence": "influence",
    },
)
