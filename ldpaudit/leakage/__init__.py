"""What reports reveal: exact measures, estimates, curves and linked reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.leakage.beliefs import largest_vulnerability as largest_vulnerability
    from ldpaudit.leakage.beliefs import success_by_belief as success_by_belief
    from ldpaudit.leakage.capacity import Capacity as Capacity
    from ldpaudit.leakage.capacity import min_capacity as min_capacity
    from ldpaudit.leakage.capacity import mutual_information as mutual_information
    from ldpaudit.leakage.capacity import shannon_capacity as shannon_capacity
    from ldpaudit.leakage.channels import bayes_vulnerability as bayes_vulnerability
    from ldpaudit.leakage.channels import channel as channel
    from ldpaudit.leakage.channels import check_channel as check_channel
    from ldpaudit.leakage.channels import exact_delta as exact_delta
    from ldpaudit.leakage.channels import exact_epsilon as exact_epsilon
    from ldpaudit.leakage.channels import min_entropy_leakage as min_entropy_leakage
    from ldpaudit.leakage.channels import posterior as posterior
    from ldpaudit.leakage.channels import top_vulnerability as top_vulnerability
    from ldpaudit.leakage.correlation import correlated_channel as correlated_channel
    from ldpaudit.leakage.estimates import Estimate as Estimate
    from ldpaudit.leakage.estimates import (
        estimate_mutual_information as estimate_mutual_information,
    )
    from ldpaudit.leakage.estimates import estimate_vulnerability as estimate_vulnerability
    from ldpaudit.leakage.gain import additive_g_leakage as additive_g_leakage
    from ldpaudit.leakage.gain import check_gain as check_gain
    from ldpaudit.leakage.gain import g_leakage as g_leakage
    from ldpaudit.leakage.gain import g_vulnerability as g_vulnerability
    from ldpaudit.leakage.gain import prior_g_vulnerability as prior_g_vulnerability
    from ldpaudit.leakage.linking import find_true_attribute as find_true_attribute
    from ldpaudit.leakage.linking import reidentify as reidentify
    from ldpaudit.leakage.longitudinal import Exposed as Exposed
    from ldpaudit.leakage.longitudinal import exposure as exposure
    from ldpaudit.leakage.pools import pool_inference as pool_inference
    from ldpaudit.leakage.profile import EmpiricalProfile as EmpiricalProfile
    from ldpaudit.leakage.profile import PrivacyProfile as PrivacyProfile
    from ldpaudit.leakage.profile import empirical_profile as empirical_profile
    from ldpaudit.leakage.profile import privacy_profile as privacy_profile

__all__ = [
    "Capacity",
    "EmpiricalProfile",
    "Estimate",
    "Exposed",
    "PrivacyProfile",
    "additive_g_leakage",
    "bayes_vulnerability",
    "channel",
    "check_channel",
    "check_gain",
    "correlated_channel",
    "empirical_profile",
    "estimate_mutual_information",
    "estimate_vulnerability",
    "exact_delta",
    "exact_epsilon",
    "exposure",
    "find_true_attribute",
    "g_leakage",
    "g_vulnerability",
    "largest_vulnerability",
    "min_capacity",
    "min_entropy_leakage",
    "mutual_information",
    "pool_inference",
    "posterior",
    "prior_g_vulnerability",
    "privacy_profile",
    "reidentify",
    "shannon_capacity",
    "success_by_belief",
    "top_vulnerability",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "Capacity": "capacity",
        "EmpiricalProfile": "profile",
        "Estimate": "estimates",
        "Exposed": "longitudinal",
        "PrivacyProfile": "profile",
        "additive_g_leakage": "gain",
        "bayes_vulnerability": "channels",
        "channel": "channels",
        "check_channel": "channels",
        "check_gain": "gain",
        "correlated_channel": "correlation",
        "empirical_profile": "profile",
        "estimate_mutual_information": "estimates",
        "estimate_vulnerability": "estimates",
        "exact_delta": "channels",
        "exact_epsilon": "channels",
        "exposure": "longitudinal",
        "find_true_attribute": "linking",
        "g_leakage": "gain",
        "g_vulnerability": "gain",
        "largest_vulnerability": "beliefs",
        "min_capacity": "capacity",
        "min_entropy_leakage": "channels",
        "mutual_information": "capacity",
        "pool_inference": "pools",
        "posterior": "channels",
        "prior_g_vulnerability": "gain",
        "privacy_profile": "profile",
        "reidentify": "linking",
        "shannon_capacity": "capacity",
        "success_by_belief": "beliefs",
        "top_vulnerability": "channels",
    },
)
