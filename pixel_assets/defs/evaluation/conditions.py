"""When evaluations run by themselves: on a new checkpoint, gated on blocking checks; and what follows from any of them."""

import dagster as dg

_UPSTREAM = dg.AssetSelection.groups("knowledge", "voice", "corpus") | dg.AssetSelection.assets("packed_dataset")

# Not all_deps_blocking_checks_passed(): that is content with a check that is asked for in the same tick. Check and evaluations would
# then share a run, and a run that is asked for a check runs no other: the evaluations' own checks would never answer.
_CHECKS_PASSED = dg.AutomationCondition.all_deps_match(
    dg.AutomationCondition.all_checks_match(dg.AutomationCondition.check_passed(), blocking_only=True)
).with_label("all_deps_blocking_checks_have_passed")

# A partition runs when its checkpoint (or, for the scorecard, an evaluation) is new or written anew. New data alone start
# nothing: the schedules repeat what they made stale, and checkpoints of other data could not be measured with them.
ON_NEW_CHECKPOINT = (
    dg.AutomationCondition.eager().replace("any_deps_updated", dg.AutomationCondition.any_deps_updated().ignore(_UPSTREAM)) & _CHECKS_PASSED
).with_label("on_new_checkpoint")

# Not eager(): that waits until no partition above is missing, so that one failed evaluation would freeze the leaderboard.
AFTER_ANY_UPDATE = (dg.AutomationCondition.any_deps_updated().since_last_handled() & ~dg.AutomationCondition.in_progress()).with_label(
    "after_any_update"
)
