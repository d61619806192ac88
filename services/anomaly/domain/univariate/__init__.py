"""Anomalies of one series of numbers, of which nothing is known beforehand: neither scale, nor season, nor grain.

Three channels (`novelty`, `level`, `mixture`) say how odd a value is, each is calibrated by its own past
(`calibration`), they are added and repeats are held back (`repeats`, `detector`).
"""

from services.anomaly.domain.univariate.detector import UnivariateDetector, make_nab_detector

__all__ = ["UnivariateDetector", "make_nab_detector"]
