"""The server side: what is estimated from all reports, how well, and over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.collecting.accuracy import measure_error as measure_error
    from ldpaudit.collecting.defences import Recovery as Recovery
    from ldpaudit.collecting.defences import SizeFilter as SizeFilter
    from ldpaudit.collecting.manipulation import MaximalGain as MaximalGain
    from ldpaudit.collecting.manipulation import Poisoning as Poisoning
    from ldpaudit.collecting.manipulation import RandomReport as RandomReport
    from ldpaudit.collecting.manipulation import RandomValue as RandomValue
    from ldpaudit.collecting.manipulation import influence_limit as influence_limit
    from ldpaudit.collecting.manipulation import poison as poison
    from ldpaudit.collecting.manipulation import poisoning_gain as poisoning_gain
    from ldpaudit.collecting.rounds import Followed as Followed
    from ldpaudit.collecting.rounds import evolve as evolve
    from ldpaudit.collecting.rounds import follow as follow
    from ldpaudit.collecting.servers import Server as Server
    from ldpaudit.collecting.servers import collects as collects
    from ldpaudit.collecting.servers import squared_error as squared_error
    from ldpaudit.collecting.streams import aggregate as aggregate
    from ldpaudit.collecting.streams import aggregate_files as aggregate_files

__all__ = [
    "Followed",
    "MaximalGain",
    "Poisoning",
    "RandomReport",
    "RandomValue",
    "Recovery",
    "Server",
    "SizeFilter",
    "aggregate",
    "aggregate_files",
    "collects",
    "evolve",
    "follow",
    "influence_limit",
    "measure_error",
    "poison",
    "poisoning_gain",
    "squared_error",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "Followed": "rounds",
        "MaximalGain": "manipulation",
        "Poisoning": "manipulation",
        "RandomReport": "manipulation",
        "RandomValue": "manipulation",
        "Recovery": "defences",
        "Server": "servers",
        "SizeFilter": "defences",
        "aggregate": "streams",
        "aggregate_files": "streams",
        "collects": "servers",
        "evolve": "rounds",
        "follow": "rounds",
        "influence_limit": "manipulation",
        "measure_error": "accuracy",
        "poison": "manipulation",
        "poisoning_gain": "manipulation",
        "squared_error": "servers",
    },
)
