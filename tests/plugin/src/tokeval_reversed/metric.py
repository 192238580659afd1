"""A metric from outside: two measures and a declaration; status, interval and signature come by themselves."""

from tokeval.metrics.measures import LINES, TOKENS
from tokeval.metrics.ratios import ratio
from tokeval.schema import MetricInfo

METRIC = ratio(
    MetricInfo("tokens_per_line", "lines", "tokens/line", "lower", "Σ tokens / Σ lines."), TOKENS, LINES, default=False
)
