using System.Reflection;
using ILGPU;
using ILGPU.Runtime;
using SelfAdapt.Gpu;
using SelfAdapt.Kernels;

namespace SelfAdapt.Benchmarks.Gpu;

/// <summary>A GPU that counts its memory and, when asked, times every launch.</summary>
internal sealed class MeasuredDevice(IGpuDevice device) : IGpuDevice
{
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

    public MemoryBuffer Allocate(long words)
    {
        MemoryBuffer memory = device.Allocate(words);
        HeldBytes += memory.LengthInBytes;
        PeakBytes = Math.Max(PeakBytes, HeldBytes);
        return memory;
    }

    public void Free(MemoryBuffer memory)
    {
        HeldBytes -= memory.LengthInBytes;
        device.Free(memory);
    }

    public void Copy(ArrayView<float> source, ArrayView<float> target) => device.Copy(source, target);

    public void Upload(ReadOnlySpan<float> source, ArrayView<float> target) => device.Upload(source, target);

    public void Download(ArrayView<float> source, Span<float> target) => device.Download(source, target);

    public void UploadBeside(ReadOnlySpan<float> source, ArrayView<float> target, nint free, nint ready) =>
        device.UploadBeside(source, target, free, ready);

    public nint CreateFence() => device.CreateFence();

    public void DestroyFence(nint fence) => device.DestroyFence(fence);

    public void Signal(nint fence) => device.Signal(fence);

    public void Await(nint fence) => device.Await(fence);

    public void Launch(Delegate kernel, in KernelConfig shape, ReadOnlySpan<KernelArgument> arguments)
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
    public static KernelWork Of(Delegate kernel, ReadOnlySpan<KernelArgument> arguments)
    {
        double bytes = 0;
        int? flags = null;
        ParameterInfo[] parameters = kernel.Method.GetParameters();
        for (int i = 0; i < arguments.Length; i++)
        {
            bytes += arguments[i].IsView ? sizeof(float) * (double)arguments[i].Length : 0;
            flags = parameters[i].ParameterType == typeof(ConvolutionFlags) ? i : flags;
        }

        string name = KernelName.Of(kernel.Method);
        if (flags is not { } at)
        {
            return new(name, bytes, 0);
        }

        // Both families: flags, pixels, height, width, inputs, outputs, taps.
        return new(name, bytes, 2.0 * Word(arguments, at + 1) * Word(arguments, at + 4) * Word(arguments, at + 5)
            * Word(arguments, at + 6));
    }

    private static int Word(ReadOnlySpan<KernelArgument> arguments, int index) =>
        BitConverter.ToInt32(arguments[index].Bytes);
}
