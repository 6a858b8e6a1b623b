using System.Runtime.CompilerServices;
using SelfAdapt.KernelSimulator;

namespace ILGPU;

/// <summary>What the 32 threads of a warp do together. Every lane must take part.</summary>
public static class Warp
{
    /// <summary>Threads in a warp.</summary>
    public static int WarpSize => GroupRun.WarpSize;

    /// <summary>Place in the warp.</summary>
    public static int LaneIdx => DeviceThread.Current.Linear % GroupRun.WarpSize;

    /// <summary>The value of the lane whose index differs by the mask's bits.</summary>
    /// <typeparam name="T">A 4- or 8-byte number.</typeparam>
    /// <param name="variable">The own value.</param>
    /// <param name="mask">The bits.</param>
    public static T ShuffleXor<T>(T variable, int mask)
        where T : unmanaged => Shuffle(variable, LaneIdx ^ mask);

    /// <summary>The value of a lane further up; the own where there is none.</summary>
    /// <typeparam name="T">A 4- or 8-byte number.</typeparam>
    /// <param name="variable">The own value.</param>
    /// <param name="delta">How far.</param>
    public static T ShuffleDown<T>(T variable, int delta)
        where T : unmanaged => Shuffle(variable, LaneIdx + delta);

    /// <summary>The value of a lane.</summary>
    /// <typeparam name="T">A 4- or 8-byte number.</typeparam>
    /// <param name="variable">The own value.</param>
    /// <param name="sourceLane">The lane.</param>
    public static T Shuffle<T>(T variable, int sourceLane)
        where T : unmanaged
    {
        ulong bits = 0;
        Unsafe.As<ulong, T>(ref bits) = variable;
        ulong received = DeviceThread.Current.Group.Exchange(bits, sourceLane);
        return Unsafe.As<ulong, T>(ref received);
    }
}
