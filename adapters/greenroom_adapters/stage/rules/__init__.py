"""The rules of the Stage, each where its subject is known."""
