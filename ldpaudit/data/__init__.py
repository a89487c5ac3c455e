"""Who holds what: bundled, synthetic and own data as histograms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.data.dataset import DataSet as DataSet
    from ldpaudit.data.priors import MAX_USERS as MAX_USERS
    from ldpaudit.data.priors import apportion as apportion
    from ldpaudit.data.priors import dirichlet as dirichlet
    from ldpaudit.data.priors import spike as spike
    from ldpaudit.data.priors import uniform as uniform
    from ldpaudit.data.priors import zipf as zipf
    from ldpaudit.data.sources import DEFAULT_NUM_USERS as DEFAULT_NUM_USERS
    from ldpaudit.data.sources import load as load
    from ldpaudit.data.sources import names as names

__all__ = [
    "DEFAULT_NUM_USERS",
    "MAX_USERS",
    "DataSet",
    "apportion",
    "dirichlet",
    "load",
    "names",
    "spike",
    "uniform",
    "zipf",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "DEFAULT_NUM_USERS": "sources",
        "DataSet": "dataset",
        "MAX_USERS": "priors",
        "apportion": "priors",
        "dirichlet": "priors",
        "load": "sources",
        "names": "sources",
        "spike": "priors",
        "uniform": "priors",
        "zipf": "priors",
    },
)
