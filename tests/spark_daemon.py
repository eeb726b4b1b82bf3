"""What starts Spark's Python workers in the tests: they are forks of a process that has imported the library."""

import spamclf.spark.stages
import spamclf.spark.ties  # noqa: F401 - for the forks, which then need not import it themselves

if __name__ == "__main__":
    from pyspark.daemon import manager

    manager()
