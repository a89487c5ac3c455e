"""Studies: mechanisms x epsilons x data, run cell by cell into one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.comparing.cell import Cell as Cell
    from ldpaudit.comparing.export import writer as writer
    from ldpaudit.comparing.grid import compare as compare
    from ldpaudit.comparing.kept import stored_results as stored_results
    from ldpaudit.comparing.results import Report as Report
    from ldpaudit.comparing.results import Results as Results
    from ldpaudit.comparing.store import Store as Store
    from ldpaudit.comparing.store import StoreError as StoreError
    from ldpaudit.comparing.study import AuditSpec as AuditSpec
    from ldpaudit.comparing.study import DataSpec as DataSpec
    from ldpaudit.comparing.study import ProtocolSpec as ProtocolSpec
    from ldpaudit.comparing.study import Study as Study
    from ldpaudit.comparing.study import read_study as read_study
    from ldpaudit.comparing.study import study_names as study_names
    from ldpaudit.comparing.study import to_toml as to_toml

__all__ = [
    "AuditSpec",
    "Cell",
    "DataSpec",
    "ProtocolSpec",
    "Report",
    "Results",
    "Store",
    "StoreError",
    "Study",
    "compare",
    "read_study",
    "stored_results",
    "study_names",
    "to_toml",
    "writer",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "AuditSpec": "study",
        "Cell": "cell",
        "DataSpec": "study",
        "ProtocolSpec": "study",
        "Report": "results",
        "Results": "results",
        "Store": "store",
        "StoreError": "store",
        "Study": "study",
        "compare": "grid",
        "read_study": "study",
        "stored_results": "kept",
        "study_names": "study",
        "to_toml": "study",
        "writer": "export",
    },
)
