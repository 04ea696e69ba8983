"""The rig for an account on Messaging: it reads the feed of Support users, most of whom are none of its business."""

import subprocess
import time

from tests.faults import rig as rigs

# Part of every address, or ID, that the sandbox gives to users who must not be stored.
FOREIGN = (b"elsewhere.example", b"@sandbox.example", b"crm-0")
SWITCHES = {
    "account_limit": 0, "users_cursor_limit": 0, "incremental_limit": 0, "hold_back_s": 0, "page_at_most": 10,
    "repeat_cursor": True,
}  # fmt: skip


def choose_rig(options, **changes):
    """Return a rig for the product that the command line names."""
    return SupportRig(options, **changes) if options.messaging else rigs.Rig(options, **changes)


class SupportRig(rigs.Rig):
    """A running installation beside an imitated Support account; `visitors` is how many have a user ID."""

    def _fill(self):
        from tests.linking.sync.messaging.fake_support import make_support

        size, part = self.options.visitors, self.options.visitors // 10
        kinds = ("agents", "without_id", "foreign", "upper", "suspended", "deleted", "ties")
        self.control("reset", {"empty": True})
        self.control("support", SWITCHES)
        seeded = self.control(
            "seed", {"support_users": size, "seed": self.options.seed} | {f"support_{kind}": part for kind in kinds}
        )
        self.truth = self.read_truth()
        url = f"http://127.0.0.1:{self.options.port}/support/api/v2"
        self.mine = make_support(
            slug=rigs.SLUG,
            secrets={"zendesk_client_secret": "sandbox-support-client-secret-not-real"},
            zendesk_client_id="sandbox-support-client",
            zendesk_api_url=url,
            export_requests_per_minute=self.options.per_minute,
        )
        print(
            f"seed {self.options.seed}: {seeded['support_in_feed']} users, {len(self.truth)} links to find, "
            f"in {self.folder}"
        )

    def read_truth(self):
        """Return the user IDs by Support ID, of active end users who are players."""
        from linking.core.user_ids import is_uuid

        found = self.control("support/truth?limit=2000000")["truth"]
        return {user_id: external_id for user_id, external_id in found.items() if is_uuid(external_id)}

    def chat_calls(self):
        """Return how many exports of users Support answered, and the most in any 60 s."""
        stats = self.control("stats")["support"]
        return stats["calls_by_class"]["users_cursor"], stats["window_max_by_class"]["users_cursor"]

    def keep_busy(self, *, at_least=0):
        """Let the feed be read from its start once more where it was read to its end."""
        del at_least
        if self.look(lambda: self.runs.order_by("-pk").values_list("state", flat=True).first()) == "complete":
            print("read to the end; everything is read once more", flush=True)
            self._rewind()

    def _rewind(self):
        from linking.models import UserFeed, VisitorLink

        # Reading once more would mend what was lost, so that is looked for first.
        links = VisitorLink.objects.open().filter(visitor__integration=self.mine)
        found = self.look(lambda: dict(links.values_list("visitor__visitor_id", "login_user__user_id")))
        if found != self.truth:
            raise SystemExit("BROKEN: links are lost at the end of the feed")
        self.look(lambda: UserFeed.objects.filter(integration=self.mine).update(cursor="", newest_at=None))
        self.look(lambda: type(self.mine).objects.filter(pk=self.mine.pk).update(next_sync_at=None))

    def hurry(self):
        """Lift the budget, so that the end comes soon."""
        self.control("support", {"page_at_most": 1000})
        type(self.mine).objects.filter(pk=self.mine.pk).update(export_requests_per_minute=100_000)

    def settle(self, *, limit_s=1800.0):
        """Wait for the end of the feed, then hold the links against the truth, and look for those who are not ours."""
        later = self.runs.filter(pk__gt=self.look(lambda: self.runs.order_by("-pk").values_list("pk", flat=True)[0]))
        end = time.monotonic() + limit_s
        while self.look(lambda: not later.filter(state="complete").exists()) and time.monotonic() < end:
            time.sleep(0.5)
            self.revive()
        found = super().settle(limit_s=limit_s)
        return found | {"in two spellings": self._count_twins(), "of strangers": self._count_strangers()}

    def _count_twins(self):
        from linking.models import LoginUser

        user_ids = self.look(lambda: list(LoginUser.objects.values_list("user_id", flat=True)))
        return len(user_ids) - len({user_id.lower() for user_id in user_ids})

    def _count_strangers(self):
        """Return how often a stranger occurs in a dump of the database, or in any file, the logs among them."""
        texts = [path.read_bytes() for path in self.folder.rglob("*") if path.is_file() and "static" not in path.parts]
        if self.options.database:
            texts.append(subprocess.run(["pg_dump", self.options.database], check=True, capture_output=True).stdout)
        known = next(iter(self.truth)).encode()
        if not any(known in text for text in texts):
            raise SystemExit("The search for strangers finds nobody: not even those who are stored.")
        return sum(text.count(word) for text in texts for word in FOREIGN)
