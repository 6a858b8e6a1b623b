extern alias simulated;

using System.Diagnostics;
using System.Reflection;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using SelfAdapt.Gpu;
using simulated::SelfAdapt.KernelSimulator;

namespace SelfAdapt.Tests.Gpu;

/// <summary>
/// The kernels' own source in the simulator: slow, and strict about bounds, barriers and shared memory. ILGPU's buffers
/// are names of simulated memories here, and hold nothing.
/// </summary>
internal sealed class SimulatedDevice : IGpuDevice
{
    private static readonly IReadOnlyDictionary<string, MethodInfo> Methods =
        Simulator.KernelsOf(typeof(Simulator).Assembly);

    private static readonly CPUAccelerator Buffers =
        new CPUDevice(2, 1, 1).CreateCPUAccelerator(Context.Create(_ => { }), CPUAcceleratorMode.Sequential);

    private readonly Dictionary<MemoryBuffer, SimulatedMemory> _memory = [];
    private nint _fences;

    public string Name => "simulator";

    public long MemoryBytes => 1L << 30;

    /// <summary>Few: a barrier costs the simulator microseconds per thread.</summary>
    public int GroupThreads => 16;

    /// <summary>The kernels that were launched, and how often.</summary>
    public Dictionary<string, int> Launches { get; } = new(StringComparer.Ordinal);

    /// <summary>Blocks of memory that were taken and not given back.</summary>
    public int Held => _memory.Count;

    public MemoryBuffer Allocate(long words)
    {
        MemoryBuffer buffer = Buffers.AllocateRaw(words, sizeof(float));
        SimulatedMemory memory = new(words * sizeof(float));
        memory.Bytes.Clear();
        _memory.Add(buffer, memory);
        return buffer;
    }

    public void Free(MemoryBuffer memory)
    {
        if (!_memory.Remove(memory))
        {
            throw new SimulationException("Memory is given back that was not taken.");
        }

        memory.Dispose();
    }

    public void Copy(ArrayView<float> source, ArrayView<float> target) => Values(source).CopyTo(Values(target));

    public void Upload(ReadOnlySpan<float> source, ArrayView<float> target) => source.CopyTo(Values(target));

    public void Download(ArrayView<float> source, Span<float> target) => Values(source).CopyTo(target);

    public void UploadBeside(ReadOnlySpan<float> source, ArrayView<float> target, nint free, nint ready) =>
        Upload(source, target);

    public nint CreateFence() => ++_fences;

    public void DestroyFence(nint fence)
    {
    }

    public void Signal(nint fence)
    {
        // What was queued before is done already.
    }

    public void Await(nint fence)
    {
    }

    public void Launch(Delegate kernel, in KernelConfig shape, ReadOnlySpan<KernelArgument> arguments)
    {
        string name = SelfAdapt.Kernels.KernelName.Of(kernel.Method);
        MethodInfo method = Methods[name];
        ParameterInfo[] parameters = method.GetParameters();
        object[] values = new object[arguments.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = arguments[i].IsView
                ? View(arguments[i], parameters[i].ParameterType)
                : arguments[i].Value(parameters[i].ParameterType);
        }

        Launches[name] = Launches.GetValueOrDefault(name) + 1;
        Simulator.Launch(
            method, (shape.GridDim.X, shape.GridDim.Y, shape.GridDim.Z),
            (shape.GroupDim.X, shape.GroupDim.Y, shape.GroupDim.Z), values);
    }

    public void Synchronize()
    {
        // A launch returns when it is done.
    }

    public nint Mark() => (nint)Stopwatch.GetTimestamp();

    public double Milliseconds(nint from, nint to) => Stopwatch.GetElapsedTime(from, to).TotalMilliseconds;

    public void Dispose()
    {
        foreach (MemoryBuffer buffer in _memory.Keys)
        {
            buffer.Dispose();
        }

        _memory.Clear();
    }

    private object View(KernelArgument argument, Type type)
    {
        SimulatedMemory memory = _memory[argument.Memory];
        long first = argument.First * sizeof(float);
        return type == typeof(simulated::ILGPU.ArrayView<float>) ? memory.View<float>(first, argument.Length)
            : type == typeof(simulated::ILGPU.ArrayView<int>) ? memory.View<int>(first, argument.Length)
            : memory.View<uint>(first, argument.Length);
    }

    private Span<float> Values(ArrayView<float> view)
    {
        KernelArgument place = KernelArgument.Of(view);
        return _memory[place.Memory].Values<float>(place.First * sizeof(float), (int)place.Length);
    }
}
