"""The plugin in a user's project: what it finds, what it says, and what it leaves alone."""

import pytest

from tests.testing.user_project import UserProject

pytest_plugins = ["pytester"]


def test_a_project_without_trackflow_notices_nothing(pytester: pytest.Pytester) -> None:
    # Given a project that uses the same names for its own things
    pytester.makepyfile(
        """
        import sys
        import pytest

        @pytest.fixture
        def given():
            return 3

        def test_its_own_fixture_is_used(given):
            assert given == 3

        def test_nothing_heavy_was_imported():
            heavy = ("celery", "kombu", "lxml", "pydantic", "sqlalchemy")
            assert not {name for name in sys.modules if name.split(".")[0] in heavy}
            assert "trackflow.testing.stage" not in sys.modules
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:schemathesis", "-p", "no:hypothesispytest")
    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("*BPMN*")


def test_a_folder_of_models_is_enough(project: UserProject) -> None:
    result = project.run(
        """
        def test_an_order(given, expect, time):
            order = given("Order_Placed", key="4711", payload={"amount": 20})
            expect(order).awaits("Payment_Done").is_at("Await payment")
            time.passes("PT2H")
            expect(order).has_passed("Customer reminded")
            order.gets("Payment_Done")
            order.gets("Goods_Shipped")
            expect(order).has_ended(at="Order fulfilled").took("no")

        def test_orders_of_two_tests_know_nothing_of_each_other(given, expect):
            order = given("Payment_Done", key="4711")
            expect(order).has_not_started().keeps("Payment_Done")
        """
    )
    result.assert_outcomes(passed=2)


def test_one_model_is_enough_wherever_it_is(project: UserProject) -> None:
    result = project.run(
        """
        from trackflow.bpmn import read

        def test_by_its_path(model, given, expect):
            model("bpmn/order.bpmn")
            expect(given("Order_Placed")).awaits_only("Payment_Done")

        def test_as_a_value(model, given, expect):
            model(read("bpmn/order.bpmn"))
            expect(given("Order_Placed")).awaits_only("Payment_Done")

        def test_named_too_late(model, given):
            given("Order_Placed")
            model("bpmn/order.bpmn")

        def test_that_is_not_there(model):
            model("bpmn/claim.bpmn")
        """
    )
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        ["E *name the models before the first order", "E *claim.bpmn: No such file or directory"]
    )


def test_a_failing_test_shows_its_own_lines_alone(project: UserProject) -> None:
    result = project.run(
        """
        import pytest

        @pytest.mark.parametrize("failing", [
            lambda order, expect: expect(order).awaits("Goods_Shipped"),
            lambda order, expect: expect(order).is_at("Paymnt"),
            lambda order, expect: expect(order).took("paymnt"),
            lambda order, expect: expect(order).took_path("Paymnt"),
            lambda order, expect: expect(order).has_events("Paymnt_Done"),
            lambda order, expect: order.gets("Paymnt_Done"),
        ])
        def test_an_order(given, expect, failing):
            failing(given("Order_Placed"), expect)
        """
    )
    result.assert_outcomes(failed=6)
    result.stdout.no_fnmatch_line("*trackflow/testing/*")


def test_services_and_model_together(project: UserProject) -> None:
    project.with_app()
    result = project.run(
        """
        import pytest

        def test_a_small_order_is_shipped(services, given, expect):
            order = given("Order_Placed", payload={"amount": 20})
            expect(order).has_ended().has_events("Order_Placed", "Payment_Done", "Goods_Shipped")

        def test_a_large_one_waits_for_its_approval(services, given, expect):
            order = given("Order_Placed", payload={"amount": 150})
            expect(order).is_at("Order approved")
            order.gets("Order_Approved")
            expect(order).has_ended(at="Order fulfilled")

        def test_another_model_with_the_services(services, model, given, expect):
            model("bpmn/order.bpmn")
            expect(given("Order_Placed", payload={"amount": 20})).has_ended()

        def test_tables_of_the_services_own_are_in_the_tests_ledger(services):
            from shop import trackflow
            assert trackflow is services.trackflow
            assert str(trackflow.ledger) == "sqlite://"

        def test_what_a_service_raises_is_raised(services, given):
            with pytest.raises(LookupError, match="without an amount"):
                given("Order_Placed")

        def test_a_service_that_is_down(services, given, expect, time):
            services.replace("payment", lambda order: None)
            order = given("Order_Placed", payload={"amount": 20})
            time.passes("P3D")
            expect(order).has_ended(at="Given up").has_events("Order_Placed")

        def test_that_was_for_one_test_only(services, given, expect):
            expect(given("Order_Placed", payload={"amount": 20})).has_ended()

        def test_a_service_that_there_is_not(services):
            services.replace("paymnt", lambda order: None)

        def test_without_the_fixture_no_service_runs(given, expect):
            expect(given("Order_Placed")).has_events("Order_Placed").awaits("Payment_Done")

        def test_the_app_is_as_it_was():
            from shop import app, settings, trackflow
            assert trackflow.settings is settings
            assert not app.conf.task_always_eager
            assert app.conf.broker_url is None
            assert not {"ledger", "engine", "tracker", "queries", "inbox"} & set(vars(trackflow))
        """
    )
    result.assert_outcomes(passed=9, failed=1)
    result.stdout.fnmatch_lines(["E *service 'paymnt': there are payment, shipment, tracker"])


def test_the_app_is_found_as_celery_finds_it(project: UserProject, monkeypatch: pytest.MonkeyPatch) -> None:
    project.with_app()
    project.pytester.makeini("[pytest]\n")
    monkeypatch.setenv("APP", "shop")
    result = project.run(
        """
        def test_an_order(services, given, expect):
            expect(given("Order_Placed", payload={"amount": 20})).has_ended()
        """
    )
    result.assert_outcomes(passed=1)


def test_no_file_is_left_behind(project: UserProject) -> None:
    project.with_app()
    result = project.run(
        """
        from pathlib import Path

        def files():
            return {path for path in Path().rglob("*") if path.suffix != ".pyc"}

        BEFORE = files()

        def test_an_order(services, given):
            given("Order_Placed", payload={"amount": 1})

        def test_nothing_came():
            assert files() == BEFORE
        """,
        "--bpmn-cov",
    )
    result.assert_outcomes(passed=2)


def test_workers_of_xdist_share_their_coverage(project: UserProject) -> None:
    pytest.importorskip("xdist")
    project.with_app()
    result = project.run(
        """
        def test_paid(given):
            given("Order_Placed", payload={"amount": 20}).gets("Payment_Done").gets("Goods_Shipped")

        def test_large(given):
            given("Order_Placed", payload={"amount": 150}).gets("Payment_Done").gets("Order_Approved")


        def test_given_up(given, time):
            given("Order_Placed")
            time.passes("P3D")
        """,
        "-p",
        "xdist",
        "-n2",
        "--bpmn-cov",
    )
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["bpmn/order.bpmn * 11 of 11  100 % * 9 of 9  100 % *"])
