#!/usr/bin/env python3
"""Shows that each invariant of the simulation can fail: takes one check at a time out of a copy of the source,
builds sim_test there and expects it to fail. Usage: mutate.py SOURCE_DIR WORK_DIR [NAME ...]

The copy and its build folder stay in WORK_DIR, so that the next mutation compiles one file only. A mutation's
text must be found exactly once, so that a change of the source cannot turn it into none."""
import os
import shutil
import subprocess
import sys

FOLDERS = ["bench", "cli", "config", "core", "docs", "plugins", "ringlog", "tests", "tools"]

# name, what of the test has to tell, edits of (file, text, instead)
MUTATIONS = [
    ("record-after-verdict", "before its record|were recorded|the record has|do not add up|host-call|is stuck",
     [("core/path/session_ask.cc",
       "  if (!record_request(ask, observed ? ringlog::Verdict::Observe : ringlog::Verdict::Allow, rule, approval)) {",
       "  if (rule == \"never\" && !record_request(ask, ringlog::Verdict::Allow, rule, approval)) {")]),
    ("allow-on-wait", "ran without an approval|ran more often|before its record",
     [("plugins/postgresql/frontend_verdict.cc",
       "  if (verdict == SP_WAIT && stage == SP_STAGE_EXECUTE) {",
       "  if (verdict == SP_WAIT && stage == SP_STAGE_EXECUTE && false) {"),
      ("plugins/postgresql/frontend_verdict.cc",
       "  if (verdict == SP_ALLOW) return Ruling::Allowed;",
       "  if (verdict != SP_DENY) return Ruling::Allowed;"),
      ("core/path/session_host.cc",
       "  if (from == SP_LEG_CLIENT && !covered_) return SP_ERROR_STATE;",
       "")]),
    ("denied-passes", "which no verdict allows|before its record|was not refused",
     [("plugins/postgresql/frontend_verdict.cc",
       "  if (verdict == SP_ALLOW) return Ruling::Allowed;",
       "  if (verdict != SP_WAIT) return Ruling::Allowed;"),
      ("core/path/session_host.cc",
       "  if (from == SP_LEG_CLIENT && !covered_) return SP_ERROR_STATE;",
       "")]),
    ("host-check-holds-a-broken-plugin", "broke the contract",
     [("plugins/postgresql/frontend_verdict.cc",
       "  if (verdict == SP_ALLOW) return Ruling::Allowed;",
       "  if (verdict != SP_WAIT) return Ruling::Allowed;")]),
    ("no-masks", "planted value",
     [("plugins/postgresql/rows/rows.cc",
       "    masks_ = field({}, {}, SP_KIND_TEXT, SP_FIELD_NO_ORIGIN) == SP_FIELD_CLEAR ? Masks::None : Masks::Some;",
       "    masks_ = Masks::None;")]),
    ("request-text-unmasked", "planted value",
     [("core/path/session_record.cc",
       "  std::string payload = masked_text(view(ask.text));",
       "  std::string payload(view(ask.text));")]),
    ("block-kept", "never given back|in flight|is stuck",
     [("core/path/chunk.cc", "    ring_.release(static_cast", "    if (chunk->block != 1) ring_.release(static_cast")]),
    ("approval-not-told", "recorded and told differently",
     [("core/path/session_ask.cc",
       "  (void)core_.tell(ApprovalUsed{.approval = approval, .session_id = id_});",
       "")]),
    ("emit-inside-a-unit", "other bytes|messages of",
     [("core/path/session_host.cc",
       "  SendQueue& queue = leg.unit_open ? leg.pending : leg.output;",
       "  SendQueue& queue = leg.output;"),
      ("core/path/leg.cc", "  pending.clear();  // the open unit", "  output.append(pending);  // the open unit")]),
    ("not-armed-again", "is stuck",
     [("core/path/leg.cc", "    if (receiving_) return;\n", "    if (receiving_ || bytes_in > 0) return;\n")]),
    ("no-backpressure", "the core holds",
     [("core/path/session_pump.cc", "legs_[i].queued() > limits::send_queue_size_max", "legs_[i].queued() > SIZE_MAX / 2")]),
    ("sync-not-awaited", "before its fsync",
     [("core/path/session_host.cc",
       "  return target().durability == config::Durability::sync ? last_sequence_ : 0;",
       "  return 0;")]),
    ("true-randomness", "ran differently",
     [("core/core.cc", "  if (random_state_ == 0) {", "  if (random_state_ != 1) {")]),
    ("one-leaf-left-out", "does not verify",
     [("ringlog/commit.cc", "  frame.root = tree_root(sha_, leaf_hashes_);",
       "  if (leaf_hashes_.size() > 1) leaf_hashes_.pop_back();\n  frame.root = tree_root(sha_, leaf_hashes_);")]),
    ("session-kept", "never ended|in flight",
     [("core/path/session.cc", "    if (!leg.finished()) return;\n",
       "    if (!leg.finished() || leg.bytes_out % 7 == 3) return;\n")]),
    ("no-answer-deadline", "is stuck",
     [("core/path/session_legs.cc",
       "  legs_[number].answer_deadline_ns = delay_ms == 0 ? -1 : after_ms(delay_ms);",
       "  legs_[number].answer_deadline_ns = -1;")]),
    ("copy-out-unmasked", "planted value",
     [("plugins/postgresql/backend_copy.cc",
       "  if (wire_.rows.masks_possible()) {\n    if (entry.copy && wire_.rows.prepare",
       "  if (false) {\n    if (entry.copy && wire_.rows.prepare")]),
    ("copy-values-recorded-in-halves", "planted value",
     [("plugins/postgresql/frontend_copy.cc", "copy_line_.rfind('\\n') + 1;", "copy_line_.size();")]),
    ("pause-outlives-its-reason", "is stuck",
     [("core/path/session_pump.cc", "  leg.paused = false;  // until it says so again", "  // until it says so again")]),
    ("timer-without-news", "is stuck",
     [("core/path/session_pump.cc", "    ++progress_;  // the plugin wished", "    // the plugin wished")]),
]


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **options)


def copy(source, tree):
    os.makedirs(tree, exist_ok=True)
    for name in FOLDERS + ["meson.build", "meson_options.txt"]:
        origin, to = os.path.join(source, name), os.path.join(tree, name)
        if os.path.isdir(origin):
            shutil.rmtree(to, ignore_errors=True)
            shutil.copytree(origin, to)
        elif os.path.exists(origin):
            shutil.copy2(origin, to)


def build(folder):
    done = run(["ninja", "-C", folder, "tests/sim/sim_test"])
    return done.returncode == 0, done.stdout


def try_one(mutation, tree, folder):
    """None: the mutation was found out; else what is wrong."""
    name, words, edits = mutation
    originals = {}
    try:
        for file, text, instead in edits:
            path = os.path.join(tree, file)
            content = open(path).read()
            originals.setdefault(path, content)
            if content.count(text) != 1:
                return "%s holds the text %d times: %s" % (file, content.count(text), text.strip())
            open(path, "w").write(content.replace(text, instead))
        good, output = build(folder)
        if not good:
            return "does not build:\n" + output[-2000:]
        environment = dict(os.environ, SALLYPORT_SEEDS=os.environ.get("SALLYPORT_MUTATION_SEEDS", "250"))
        done = run([os.path.join(folder, "tests/sim/sim_test")], env=environment, timeout=900)
        if done.returncode == 0:
            return "nobody noticed"
        if not any(word in done.stdout for word in words.split("|")):
            return "failed, but said nothing of %s:\n%s" % (words, done.stdout[-1500:])
        line = next(l for l in done.stdout.splitlines() if any(word in l for word in words.split("|")))
        print("%-34s found out: %s" % (name, line.strip()[:110]), flush=True)
        return None
    finally:
        for path, content in originals.items():
            open(path, "w").write(content)


def main():
    source, work = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    chosen = [m for m in MUTATIONS if not sys.argv[3:] or m[0] in sys.argv[3:]]
    tree, folder = os.path.join(work, "tree"), os.path.join(work, "build")
    copy(source, tree)
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        done = run(["meson", "setup", folder, tree])
        if done.returncode != 0:
            sys.exit(done.stdout)
    good, output = build(folder)
    if not good:
        sys.exit("the unchanged source does not build:\n" + output[-3000:])
    wrong = 0
    for mutation in chosen:
        trouble = try_one(mutation, tree, folder)
        if trouble:
            wrong += 1
            print("%-34s %s" % (mutation[0], trouble), flush=True)
    print("%d of %d mutations found out" % (len(chosen) - wrong, len(chosen)))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
