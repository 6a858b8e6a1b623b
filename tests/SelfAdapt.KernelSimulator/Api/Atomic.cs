using System.Runtime.CompilerServices;
using SelfAdapt.KernelSimulator;

namespace ILGPU;

/// <summary>Operations on memory that other threads change at the same time. Each returns the value before.</summary>
public static class Atomic
{
    /// <summary>target += value.</summary>
    /// <param name="target">The place.</param>
    /// <param name="value">The summand.</param>
    public static int Add(ref int target, int value)
    {
        Note(ref target);
        int before = target;
        target += value;
        return before;
    }

    /// <summary>target += value.</summary>
    /// <param name="target">The place.</param>
    /// <param name="value">The summand.</param>
    public static uint Add(ref uint target, uint value)
    {
        Note(ref target);
        uint before = target;
        target += value;
        return before;
    }

    /// <summary>target = min(target, value).</summary>
    /// <param name="target">The place.</param>
    /// <param name="value">The value.</param>
    public static uint Min(ref uint target, uint value)
    {
        Note(ref target);
        uint before = target;
        target = before < value ? before : value;
        return before;
    }

    /// <summary>target = max(target, value).</summary>
    /// <param name="target">The place.</param>
    /// <param name="value">The value.</param>
    public static uint Max(ref uint target, uint value)
    {
        Note(ref target);
        uint before = target;
        target = before > value ? before : value;
        return before;
    }

    private static void Note<T>(ref T target)
        where T : unmanaged => DeviceThread.Current.Group.NoteAtomic(ref Unsafe.As<T, byte>(ref target));
}
