"""`python -m minisets` and the `minisets` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from minisets.cli.app import app  # noqa: PLC0415 - Why: process 1 imports the package without click

    app()


if __name__ == "__main__":
    main()
