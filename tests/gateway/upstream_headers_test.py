"""An upstream's headers are part of what is signed: others refuse the step, and another key in the variable that one names does not."""
import os
import unittest

import promotion_test

SMALL = "{{name: small, url: '{candidate}'"
KEYED = "authorization: 'Bearer ${{FLYWHEEL_TEST_UPSTREAM_KEY}}'"


class UpstreamHeaders(promotion_test.Promotion):
    config = promotion_test.CONFIG.replace(SMALL, SMALL + ", headers: {{x-model: tuned, " + KEYED + "}}")
    test_the_whole_way = None  # stands in the other file
    test_what_cannot_be_is_refused_in_words = None

    @classmethod
    def setUpClass(cls):
        os.environ.setdefault("FLYWHEEL_TEST_UPSTREAM_KEY", "a-key")
        super().setUpClass()
        cls.written = cls.service.config.read_text()

    def restart(self, text):
        self.service.stop()
        self.service.config.write_text(text)
        (self.service.data / "gateway.url").unlink(missing_ok=True)
        self.service.start()

    def signed(self):
        one = self.promote("propose", self.job, "--upstream", "small", person="ada")["id"]
        self.assertEqual(self.promote("sign", one, person="bob")["stage"], "signed_off")
        return one

    def test_other_headers_are_not_what_was_signed(self):
        one, other = self.signed(), self.signed()
        self.service.env["FLYWHEEL_TEST_UPSTREAM_KEY"] = "another-key"
        self.restart(self.written)
        self.assertEqual(self.promote("shadow", one, person="op")["stage"], "shadow", "a key is no part of it")
        self.restart(self.written.replace("x-model: tuned", "x-model: other"))
        self.assertIn("has other headers than were signed", self.proposal(one)["trouble"])
        self.promote("rollback", one, person="op")
        refused = self.promote("shadow", other, person="op", fails=True)
        self.assertIn("not what was proposed any more: headers", refused)
        self.assertEqual(self.proposal(other)["signatures"], [])
        # What a header holds stands in no answer.
        shown = self.service.call("GET", "/api/promotions")[1]
        for secret in ("another-key", "tuned"):
            self.assertNotIn(secret, str(shown))


if __name__ == "__main__":
    unittest.main()
