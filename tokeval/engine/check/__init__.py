"""The health check of one tokenizer: probes, their outcomes, and how they are judged."""
