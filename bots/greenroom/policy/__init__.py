"""What holds before reputation or money is spent."""

from greenroom.policy.budget import USD, Budget, Reserved, SpendLedger, start_of_day

__all__ = ["USD", "Budget", "Reserved", "SpendLedger", "start_of_day"]
