"""Who holds what: bundled, synthetic and own data as histograms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.data.sources import DEFAULT_NUM_USERS as DEFAULT_NUM_USERS
    from ldpaudit.data.sources import MAX_USERS as MAX_USERS
    from ldpaudit.data.sources import DataSet as DataSet
    from ldpaudit.data.sources import apportion as apportion
    from ldpaudit.data.sources import dirichlet as dirichlet
    from ldpaudit.data.sources import load as load
    from ldpaudit.data.sources import names as names
    from ldpaudit.data.sources import spike as spike
    from ldpaudit.data.sources import uniform as uniform
    from ldpaudit.data.sources import zipf as zipf

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
        "DataSet": "sources",
        "MAX_USERS": "sources",
        "apportion": "sources",
        "dirichlet": "sources",
        "load": "sources",
        "names": "sources",
        "spike": "sources",
        "uniform": "sources",
        "zipf": "sources",
    },
)
