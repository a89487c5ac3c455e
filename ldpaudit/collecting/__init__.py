"""The server side: what is estimated from all reports, how well, and over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.collecting.accuracy import measure_error as measure_error
    from ldpaudit.collecting.estimands import Distribution as Distribution
    from ldpaudit.collecting.estimands import Frequencies as Frequencies
    from ldpaudit.collecting.estimands import Marginals as Marginals
    from ldpaudit.collecting.estimands import Mean as Mean
    from ldpaudit.collecting.estimands import VectorMean as VectorMean
    from ldpaudit.collecting.rounds import Followed as Followed
    from ldpaudit.collecting.rounds import evolve as evolve
    from ldpaudit.collecting.rounds import follow as follow
    from ldpaudit.collecting.servers import Server as Server
    from ldpaudit.collecting.servers import collects as collects
    from ldpaudit.collecting.streams import aggregate as aggregate
    from ldpaudit.collecting.streams import aggregate_files as aggregate_files

__all__ = [
    "Distribution",
    "Followed",
    "Frequencies",
    "Marginals",
    "Mean",
    "Server",
    "VectorMean",
    "aggregate",
    "aggregate_files",
    "collects",
    "evolve",
    "follow",
    "measure_error",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "Distribution": "estimands",
        "Followed": "rounds",
        "Frequencies": "estimands",
        "Marginals": "estimands",
        "Mean": "estimands",
        "Server": "servers",
        "VectorMean": "estimands",
        "aggregate": "streams",
        "aggregate_files": "streams",
        "collects": "servers",
        "evolve": "rounds",
        "follow": "rounds",
        "measure_error": "accuracy",
    },
)
