"""Sends scenarios over one session after another, several under way at a time."""

from wireclient import SYNC, query

# How often ReadyForQuery comes depends on what failed; this does not.
END = "SELECT 'the end of it'"
GROUP = 5


class Scenario:
    """Some bytes, and the attack that is in them. `said`: all that was answered, None if the session was lost."""

    def __init__(self, data, text, sure=False, mark=None):
        self.data, self.text, self.sure, self.mark = data, text, sure, mark
        self.said = None


def send(connect, scenarios):
    """Each scenario keeps what was said to it; returns how many sessions were lost."""
    client, lost = connect(), 0
    for start in range(0, len(scenarios), GROUP):
        group = scenarios[start:start + GROUP]
        try:
            client.send(*(one.data + SYNC + query("ROLLBACK") + query(END) for one in group))
            for one in group:
                said = []
                _hear(client, said)
                one.said = b"\n".join(said)
        except (OSError, EOFError) as why:
            lost += 1
            print(f"# lost: {why!r} behind {said[-1:]} at {one.text[:300]!r} {one.data[:1500]!r}", flush=True)
            client.close()
            client = connect()
    client.close()
    return lost


def _hear(client, said):
    """Appends all that is said up to the answer to END."""
    over = False
    while not (over and said[-1][:1] == b"Z"):
        kind, body = client.next()
        said.append(kind.encode("latin-1") + body)
        over = over or (kind == "D" and body.endswith(b"the end of it"))
