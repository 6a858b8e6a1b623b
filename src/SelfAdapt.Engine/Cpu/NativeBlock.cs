using System.Runtime.InteropServices;

namespace SelfAdapt.Engine.Cpu;

/// <summary>The one place where the cpu backend takes memory outside the collector's heap.</summary>
internal static unsafe class NativeBlock
{
    private const nuint CacheLine = 64;

    private static readonly long MachineBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
    private static readonly AsyncLocal<Func<long, bool>?> Test = new();

    /// <summary>
    /// Told of every block before it is taken by a test, or by what that test has begun; true: refuse it.
    /// </summary>
    internal static Func<long, bool>? Refuses
    {
        get => Test.Value;
        set => Test.Value = value;
    }

    /// <summary>Takes a block on a cache line's boundary; it is not cleared.</summary>
    public static byte* Take(long bytes, string what)
    {
        try
        {
            // Some systems promise more than they have, and end the program that makes use of it.
            if (bytes > MachineBytes || Refuses?.Invoke(bytes) == true)
            {
                throw new InsufficientMemoryException();
            }

            return (byte*)NativeMemory.AlignedAlloc((nuint)bytes, CacheLine);
        }
        catch (OutOfMemoryException e)
        {
            throw new SelfAdaptException(
                ErrorKind.OutOfMemory,
                $"No memory for {bytes >> 20} MiB of {what}. Take a smaller batch or crop.", e);
        }
    }

    public static void Free(byte* block) => NativeMemory.AlignedFree(block);
}
