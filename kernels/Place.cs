using System.Runtime.CompilerServices;
using ILGPU;

namespace SelfAdapt.Kernels;

internal static class Place
{
    /// <summary>The thread's place in a grid along x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Index() => (Grid.IdxX * Group.DimX) + Group.IdxX;

    /// <summary>Floats from one pixel of a tensor to the next: its channels in whole quads.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Pitch(int channels) => (channels + 3) / 4 * 4;
}
