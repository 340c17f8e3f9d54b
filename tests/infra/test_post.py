"""The way of mails and text messages: nothing is lost in silence, nothing goes out twice within a minute."""

import json

from chalicelib.services.identity import codes
from chalicelib.stores.deliveries import CLAIM_MS
from infra import roles


def test_a_failed_message_comes_again_when_its_claim_has_run_out(template):
    function = template["Resources"]["Mail"]["Properties"]
    queue = template["Resources"]["MailQueue"]["Properties"]
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    assert queue["VisibilityTimeout"] * 1000 > CLAIM_MS
    assert queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"] * 1000 < codes.rules.CODE_MS
    (event,) = function["Events"].values()
    assert event["Properties"]["BatchSize"] == 1, "one that fails must not bring its neighbours back"
    assert event["Properties"]["Queue"] == {"Fn::GetAtt": ["MailQueue", "Arn"]}


def test_what_is_given_up_lies_in_a_queue_that_is_watched(template):
    resources = template["Resources"]
    target = resources["MailQueue"]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]
    assert target == {"Fn::GetAtt": ["MailDeadLetters", "Arn"]}
    assert resources["MailDeadLetters"]["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert {"MailDeadLettersAlarm", "MailQueueAgeAlarm", "MailErrorsAlarm"} <= set(resources)
    assert "FifoQueue" not in resources["MailQueue"]["Properties"]


def test_only_the_postman_sends_and_it_reads_no_person(template):
    senders = {
        name for name, grants in roles.GRANTS.items() if "ses:SendEmail" in json.dumps([g.actions for g in grants])
    }
    assert senders == {"mail"}
    tables = {action for grant in roles.GRANTS["mail"] for action in grant.actions if action.startswith("dynamodb:")}
    assert tables == {"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"}
    assert "kms:Encrypt" not in {action for grant in roles.GRANTS["mail"] for action in grant.actions}


def test_text_messages_are_allowed_and_topics_are_not(template):
    statements = template["Resources"]["MailRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    (publish,) = [one for one in statements if one["Action"] == ["sns:Publish"]]
    assert "Resource" not in publish
    assert publish["NotResource"] == [{"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"}]
