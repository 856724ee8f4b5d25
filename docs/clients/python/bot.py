"""A bot for four in a row: signs in, joins a game by its invite code, and plays it to the end.

    python3 bot.py URL FOLDER sign-in bot@example.com       asks for the code that was mailed
    python3 bot.py URL FOLDER join CODE "Race name"         joins a game, and prints its id
    python3 bot.py URL FOLDER play GAME                     plays until the game is over
"""

import sys
import time

from galaxy import Galaxy, GalaxyError


def sign_in(galaxy, email):
    challenge = galaxy.request_code(email)
    galaxy.confirm_code(challenge, input("The code in the mail: ").strip(), "Python bot")
    print("Signed in.")


def join(galaxy, code, race_name):
    membership = galaxy.command("lobby.invite.redeem_code", {"code": code, "race_name": race_name})
    print(membership["game_id"])


def play(galaxy, game_id):
    """Moves at once when it is our turn, and then whenever a turn was played."""
    last_event_id, pause = None, 1
    while True:
        try:
            for event in galaxy.events(last_event_id):
                pause = 1
                about = event["payload"].get("game_id")
                if event["event_type"] == "gateway.hello" or about == game_id:
                    if move(galaxy, game_id) == "over":
                        return
                last_event_id = event["event_id"] or last_event_id
        except (OSError, GalaxyError) as error:
            if isinstance(error, GalaxyError) and error.code in ("SESSION_REVOKED", "SESSION_UNKNOWN", "not_found"):
                raise
            wait = getattr(error, "retry_after_seconds", None) or pause
            print(f"{error}; again in {wait:.0f} s", file=sys.stderr)
            time.sleep(wait)
            pause = min(2 * pause, 60)


def move(galaxy, game_id):
    turn = galaxy.command("game.turn.get", {"game_id": game_id})
    if turn["status"] in ("finished", "cancelled"):
        print(f"The game is {turn['status']}: {turn['result']}")
        return "over"
    if turn["status"] != "open" or turn["your_seat"] not in turn["awaiting"]:
        return "wait"
    view = galaxy.command("game.view.get", {"game_id": game_id})["view"]
    column = choose(view["board"], view["rows"])
    order = {"game_id": game_id, "turn": turn["turn"], "orders": {"column": column}, "ready": True}
    try:
        galaxy.command("game.orders.submit", order, idempotency_key=f"{game_id[-12:]}-{turn['turn']}")
        print(f"Turn {turn['turn']}: column {column}")
    except GalaxyError as error:
        # The turn closed while we thought about it; the next event says how it went on.
        if error.code != "turn_closed":
            raise
    return "moved"


def choose(board, rows):
    """The free column nearest the centre. A place for better ideas."""
    free = [number for number, column in enumerate(board, 1) if len(column) < rows]
    return min(free, key=lambda number: abs(number - (len(board) + 1) / 2))


def main(url, folder, command, *arguments):
    {"sign-in": sign_in, "join": join, "play": play}[command](Galaxy(url, folder), *arguments)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
