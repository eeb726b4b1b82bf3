"""Find automated bulk senders on an end-to-end encrypted messaging platform, from metadata alone."""

from spamclf.dataset import Dataset, read_dataset
from spamclf.features import AfterSends, FeatureTable, extract

__version__ = "0.1.0"
__all__ = ["AfterSends", "Dataset", "FeatureTable", "__version__", "extract", "read_dataset"]
