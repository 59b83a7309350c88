"""Starts ministack with what it lacks for template.yaml. Each function that is called here mends one gap.

Runs in the environment of requirements/stack.txt, and ends when its standard input does, so that it does not outlive
the tests however they end.
"""

import os
import signal
import sys
import threading

from ministack.app import main
from tests.stack.engine import (
    absent_services,
    alarms,
    api_keys,
    function_logs,
    rest_api,
    sam_transform,
    transport,
    usage_plans,
)


def _end_with_standard_input() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


rest_api.read_binary_types()
rest_api.read_paths_of_throttles()
rest_api.import_key_source_and_gateway_responses()
rest_api.import_mocks_for_any_method()
rest_api.fill_in_the_request_id_of_mocks()
api_keys.take_keys_from_the_authorizer()
api_keys.answer_with_the_authorizers_context()
usage_plans.find_the_plans_of_a_key()
usage_plans.set_what_is_left_of_a_quota()
alarms.accept_calculated_figures()
absent_services.accept_what_has_no_engine()
sam_transform.hand_on_parameters()
transport.count_as_tls()
function_logs.write_as_the_functions_role()
threading.Thread(target=_end_with_standard_input, daemon=True).start()
main()
