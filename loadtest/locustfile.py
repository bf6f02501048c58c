"""What Locust loads: `locust -f loadtest/locustfile.py`. `make load` does it with the rest set."""

from locust import events

from loadtest import options, thresholds
from loadtest.ramp import Ramp
from loadtest.user import Caller

__all__ = ["Caller", "Ramp"]

events.init_command_line_parser.add_listener(options.declare)
events.quitting.add_listener(thresholds.judge)
