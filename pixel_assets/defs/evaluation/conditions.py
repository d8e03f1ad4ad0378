"""When evaluations run by themselves: on a new checkpoint, gated on blocking checks; and what follows from any of them."""

import dagster as dg

_UPSTREAM = dg.AssetSelection.groups("knowledge", "voice", "corpus") | dg.AssetSelection.assets("packed_dataset")

# A partition runs when its checkpoint (or, for the scorecard, an evaluation) is new or written anew. New data alone start
# nothing: the schedules repeat what they made stale, and checkpoints of other data could not be measured with them.
ON_NEW_CHECKPOINT = (
    dg.AutomationCondition.eager().replace("any_deps_updated", dg.AutomationCondition.any_deps_updated().ignore(_UPSTREAM))
    & dg.AutomationCondition.all_deps_blocking_checks_passed()
).with_label("on_new_checkpoint")

# Not eager(): that waits until no partition above is missing, so that one failed evaluation would freeze the leaderboard.
AFTER_ANY_UPDATE = (dg.AutomationCondition.any_deps_updated().since_last_handled() & ~dg.AutomationCondition.in_progress()).with_label(
    "after_any_update"
)
