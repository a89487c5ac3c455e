"""localprivacy-martaajonees: the forerunner of privadjust, with the same clients."""

import importlib.util
import sys
import sysconfig
import types
from pathlib import Path

PACKAGE = "localprivacy-martaajonees==1.0.2"
REQUIRES = ["numpy==2.2.6", "pandas==2.2.3", "sympy==1.13.3", "rich==13.9.4", "tabulate==0.9.0",
            "optuna==4.1.0", "scipy==1.15.3", "matplotlib==3.9.2", "seaborn==0.13.2",
            "scikit-learn==1.5.2", "openpyxl==3.1.5"]  # fmt: skip
ALONE = ["localprivacy-martaajonees==1.0.2"]


def mechanisms():
    # As installed it cannot be imported: its files look for each other in a folder "src".
    source = types.ModuleType("src")
    source.__path__ = [sysconfig.get_paths()["purelib"]]
    sys.modules["src"] = source
    from src.localPrivacy_martaajonees.count_mean.private_cms_client import privateCMSClient
    from src.localPrivacy_martaajonees.hadamard_count_mean.private_hcms_client import (
        privateHCMSClient,
    )

    # The script of privadjust says the rest: the classes have the same methods.
    beside = Path(__file__).with_name("privadjust.py")
    spec = importlib.util.spec_from_file_location("sketches", str(beside))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.sketches(privateCMSClient, privateHCMSClient)
    for mechanism in found:
        mechanism.means = 'cannot be imported as installed: its files import each other from "src"'
    return found
