"""What is out of the ordinary about spend: pure rules over hourly totals; and about any series (`univariate`)."""

from services.anomaly.domain.univariate import make_nab_detector

__all__ = ["make_nab_detector"]
