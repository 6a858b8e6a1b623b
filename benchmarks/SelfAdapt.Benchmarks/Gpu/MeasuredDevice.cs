using System;
using System.Collections.Generic;
using SelfAdapt.Gpu;

namespace SelfAdapt.Benchmarks.Gpu;

/// <summary>A GPU that counts its memory and, when asked, times every launch.</summary>
internal sealed class MeasuredDevice(IGpuDevice device) : IGpuDevice
{
    private readonly Dictionary<ulong, long> _blocks = [];
    private readonly List<(KernelWork Work, nint From, nint To)> _launches = [];

    public string Name => device.Name;

    public long MemoryBytes => device.MemoryBytes;

    public int GroupThreads => device.GroupThreads;

    /// <summary>Bytes taken now.</summary>
    public long HeldBytes { get; private set; }

    /// <summary>Most bytes taken at once.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Time every launch from now on.</summary>
    public bool IsTiming { get; set; }

    public ulong Allocate(long bytes)
    {
        ulong address = device.Allocate(bytes);
        _blocks.Add(address, bytes);
        HeldBytes += bytes;
        PeakBytes = Math.Max(PeakBytes, HeldBytes);
        return address;
    }

    public void Free(ulong address)
    {
        device.Free(address);
        if (_blocks.Remove(address, out long bytes))
        {
            HeldBytes -= bytes;
        }
    }

    public void Clear(ulong address, long bytes) => device.Clear(address, bytes);

    public void Copy(ulong source, ulong target, long bytes) => device.Copy(source, target, bytes);

    public void Upload(ReadOnlySpan<byte> source, ulong target) => device.Upload(source, target);

    public void Download(ulong source, Span<byte> target) => device.Download(source, target);

    public void UploadBeside(ReadOnlySpan<byte> source, ulong target, nint free, nint ready) =>
        device.UploadBeside(source, target, free, ready);

    public nint CreateFence() => device.CreateFence();

    public void DestroyFence(nint fence) => device.DestroyFence(fence);

    public void Signal(nint fence) => device.Signal(fence);

    public void Await(nint fence) => device.Await(fence);

    public void Launch(string kernel, in LaunchShape shape, ReadOnlySpan<KernelArgument> arguments)
    {
        if (!IsTiming)
        {
            device.Launch(kernel, shape, arguments);
            return;
        }

        nint from = device.Mark();
        device.Launch(kernel, shape, arguments);
        _launches.Add((KernelWork.Of(kernel, arguments), from, device.Mark()));
    }

    public void Synchronize() => device.Synchronize();

    public nint Mark() => device.Mark();

    public double Milliseconds(nint from, nint to) => device.Milliseconds(from, to);

    /// <summary>What was launched while timing, and the milliseconds that each launch took; then forgets it.</summary>
    public IReadOnlyList<(KernelWork Work, double Milliseconds)> TakeTimes()
    {
        List<(KernelWork, double)> times = [];
        foreach ((KernelWork work, nint from, nint to) in _launches)
        {
            times.Add((work, device.Milliseconds(from, to)));
        }

        _launches.Clear();
        return times;
    }

    public void Dispose() => device.Dispose();
}

/// <summary>What a launch has to do at least.</summary>
/// <param name="Kernel">The kernel.</param>
/// <param name="Bytes">Every operand once.</param>
/// <param name="Flops">Two per multiply-add of a convolution; 0 for the others.</param>
internal readonly record struct KernelWork(string Kernel, double Bytes, double Flops)
{
    /// <summary>The work of a launch, from its arguments.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="arguments">Its arguments.</param>
    public static KernelWork Of(string kernel, ReadOnlySpan<KernelArgument> arguments)
    {
        double bytes = 0;
        List<int> words = [];
        foreach (KernelArgument argument in arguments)
        {
            if (argument.Kind == KernelArgumentKind.View)
            {
                bytes += sizeof(float) * (double)argument.Length;
            }
            else
            {
                words.Add((int)argument.Bits);
            }
        }

        // Both families: flags, pixels, height, width, inputs, outputs, taps.
        bool convolves = kernel.Contains("Convolution.Forward", StringComparison.Ordinal)
            || kernel.Contains("WeightGradient.Sum", StringComparison.Ordinal);
        return new(kernel, bytes, convolves ? 2.0 * words[1] * words[4] * words[5] * words[6] : 0);
    }
}
