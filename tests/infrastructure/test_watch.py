import json

from tests.infrastructure.translated import Template, deployed, of_type, only

TOPIC = [{"Ref": "Alarms"}]


def test_each_alarm_has_a_target_and_says_when_it_is_over(stack: Template) -> None:
    for alarm in of_type(stack, "AWS::CloudWatch::Alarm").values():
        assert alarm["Properties"]["AlarmActions"] == alarm["Properties"]["OKActions"] == TOPIC
        assert alarm["Properties"]["TreatMissingData"] == "notBreaching"


def test_failures_slowness_free_calls_dead_decoders_lost_invoices_and_throttles_are_watched(
    stack: Template,
) -> None:
    watched = {
        (alarm["Properties"]["MetricName"], alarm["Properties"].get("ExtendedStatistic", "Sum"))
        for alarm in of_type(stack, "AWS::CloudWatch::Alarm").values()
        if "Metrics" not in alarm["Properties"]
    }
    assert watched == {
        ("5XXError", "Sum"),
        ("Errors", "Sum"),
        ("Latency", "p95"),
        ("Throttles", "Sum"),
        ("JudgedFree", "Sum"),
        ("DecoderDeaths", "Sum"),
        ("AsyncEventsDropped", "Sum"),
    }
    throttled = {
        alarm["Properties"]["Dimensions"][0]["Value"]["Ref"]
        for alarm in of_type(stack, "AWS::CloudWatch::Alarm").values()
        if alarm["Properties"].get("MetricName") == "Throttles"
    }
    # A throttled schedule is tried again for six hours; what is dropped in the end has an alarm of its own.
    assert throttled == set(of_type(stack, "AWS::Lambda::Function")) - {"Invoices"}


def test_lists_that_cannot_be_read_raise_an_alarm_if_there_are_any(template: Template, stack: Template) -> None:
    assert "ListsAlarm" not in stack["Resources"]
    alarm = deployed(template, Lists="true")["Resources"]["ListsAlarm"]["Properties"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Period"]) == ("Modest", "ListChecksFailed", 300)
    assert (alarm["EvaluationPeriods"], alarm["Threshold"]) == (3, 1)


def test_invoices_that_were_not_written_raise_an_alarm(stack: Template) -> None:
    alarm = stack["Resources"]["InvoicesAlarm"]["Properties"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Threshold"]) == ("AWS/Lambda", "AsyncEventsDropped", 1)
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "Invoices"}}]


def test_what_the_api_is_watched_by_is_what_it_is_called(stack: Template) -> None:
    dimensions = {d["Name"]: d["Value"] for d in stack["Resources"]["LatencyAlarm"]["Properties"]["Dimensions"]}
    assert dimensions == {
        "ApiName": only(stack, "AWS::ApiGateway::RestApi")["Name"],
        "Stage": only(stack, "AWS::ApiGateway::Stage")["StageName"],
    }


def test_the_share_of_calls_that_are_refused_for_their_number_is_watched(template: Template, stack: Template) -> None:
    counted = only(stack, "AWS::Logs::MetricFilter")
    assert counted["LogGroupName"] == {"Ref": "AccessLog"}
    # As the access log writes it, which is a text.
    assert counted["FilterPattern"] == '{ $.status = "429" }'
    assert '"status": "$context.status"' in only(stack, "AWS::ApiGateway::Stage")["AccessLogSetting"]["Format"]
    refused, calls, share = stack["Resources"]["RefusedCallsAlarm"]["Properties"]["Metrics"]
    (transformation,) = counted["MetricTransformations"]
    assert refused["MetricStat"]["Metric"] == {
        "Namespace": transformation["MetricNamespace"],
        "MetricName": transformation["MetricName"],
    }
    assert calls["MetricStat"]["Metric"]["MetricName"] == "Count"
    assert {metric["MetricStat"]["Stat"] for metric in (refused, calls)} == {"Sum"}
    assert share["Expression"] == "IF(FILL(refused, 0) >= 20, 100 * refused / calls, 0)"
    other = deployed(template, **{"AWS::StackName": "modest-prod"})
    assert transformation != only(other, "AWS::Logs::MetricFilter")["MetricTransformations"][0]


def test_four_fifths_of_the_accounts_concurrency_raise_an_alarm_if_its_quota_is_known(
    template: Template, stack: Template
) -> None:
    assert "ConcurrencyAlarm" not in stack["Resources"]
    alarm = deployed(template, AccountConcurrency="1000")["Resources"]["ConcurrencyAlarm"]["Properties"]
    claimed, share = alarm["Metrics"]
    assert claimed["MetricStat"]["Metric"] == {"Namespace": "AWS/Lambda", "MetricName": "ClaimedAccountConcurrency"}
    assert claimed["MetricStat"]["Stat"] == "Maximum"
    assert (share["Expression"], alarm["Threshold"]) == ("100 * claimed / 1000", 80)


def test_two_stacks_share_no_metric_no_alarm_and_no_dashboard(template: Template, stack: Template) -> None:
    other = deployed(template, **{"AWS::StackName": "modest-prod", "AWS::Region": "eu-west-1"})
    function = other["Resources"]["Moderate"]["Properties"]["Environment"]["Variables"]
    assert function["POWERTOOLS_SERVICE_NAME"] == "modest-prod"
    own = [
        dimension["Value"]
        for alarm in of_type(other, "AWS::CloudWatch::Alarm").values()
        for dimension in alarm["Properties"].get("Dimensions", [])
        if dimension["Name"] in ("ApiName", "service")
    ]
    assert set(own) == {"modest-prod"}
    dashboard = only(other, "AWS::CloudWatch::Dashboard")
    assert (
        dashboard["DashboardName"]
        == "modest-prod-eu-west-1"
        != only(stack, "AWS::CloudWatch::Dashboard")["DashboardName"]
    )
    assert '"service", "modest-prod"' in dashboard["DashboardBody"]
    assert '"modest"' not in dashboard["DashboardBody"]
    assert not [
        name for name, alarm in of_type(other, "AWS::CloudWatch::Alarm").items() if "AlarmName" in alarm["Properties"]
    ]


def test_an_address_is_subscribed_by_asking(template: Template, stack: Template) -> None:
    assert not of_type(stack, "AWS::SNS::Subscription")
    (subscription,) = of_type(deployed(template, AlarmEmail="ops@example.com"), "AWS::SNS::Subscription").values()
    assert subscription["Properties"]["Endpoint"] == "ops@example.com"


def test_a_budget_is_had_by_asking_since_a_new_account_may_set_none(template: Template, stack: Template) -> None:
    assert not of_type(stack, "AWS::Budgets::Budget")
    (budget,) = of_type(deployed(template, MonthlyBudget="50"), "AWS::Budgets::Budget").values()
    assert budget["Properties"]["Budget"]["BudgetLimit"] == {"Amount": "50", "Unit": "USD"}
    assert budget["DependsOn"] == "AlarmsPolicy"
    told = [notification["Subscribers"] for notification in budget["Properties"]["NotificationsWithSubscribers"]]
    assert told == [[{"SubscriptionType": "SNS", "Address": {"Ref": "Alarms"}}]] * 2


def test_the_dashboard_is_json_of_widgets_that_do_not_overlap(stack: Template) -> None:
    body = json.loads(stack["Resources"]["Dashboard"]["Properties"]["DashboardBody"])
    places = [(widget["x"], widget["y"]) for widget in body["widgets"]]
    assert len(set(places)) == len(places) == 6
    assert all(widget["width"] == 12 and widget["height"] == 6 for widget in body["widgets"])
