using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Reflection;
using ILGPU;
using SelfAdapt.Gpu;
using SelfAdapt.KernelSimulator;
using SelfAdapt.Kernels;

namespace SelfAdapt.Tests.Gpu;

/// <summary>
/// The kernels' own source in the simulator: slow, and strict about bounds, barriers and shared memory.
/// </summary>
internal sealed class SimulatedDevice : IGpuDevice
{
    private const ulong Alignment = 256;

    private static readonly IReadOnlyDictionary<string, MethodInfo> Methods =
        Simulator.KernelsOf(typeof(Elementwise).Assembly);

    private readonly SortedList<ulong, SimulatedMemory> _memory = [];
    private ulong _nextAddress = Alignment;
    private nint _fences;

    public string Name => "simulator";

    public long MemoryBytes => 1L << 30;

    /// <summary>Few: a barrier costs the simulator microseconds per thread.</summary>
    public int GroupThreads => 16;

    /// <summary>The kernels that were launched, and how often.</summary>
    public Dictionary<string, int> Launches { get; } = new(StringComparer.Ordinal);

    /// <summary>Blocks of memory that were taken and not given back.</summary>
    public int Held => _memory.Count;

    public ulong Allocate(long bytes)
    {
        ulong address = _nextAddress;
        SimulatedMemory memory = new(bytes);
        memory.Bytes.Clear();
        _memory.Add(address, memory);

        // A gap between blocks: nothing that leaves one lands in the next.
        _nextAddress += (((ulong)bytes / Alignment) + 2) * Alignment;
        return address;
    }

    public void Free(ulong address)
    {
        if (!_memory.Remove(address))
        {
            throw new SimulationException($"Nothing was taken at address {address}.");
        }
    }

    public void Clear(ulong address, long bytes) => Bytes(address, bytes).Clear();

    public void Copy(ulong source, ulong target, long bytes) => Bytes(source, bytes).CopyTo(Bytes(target, bytes));

    public void Upload(ReadOnlySpan<byte> source, ulong target) => source.CopyTo(Bytes(target, source.Length));

    public void Download(ulong source, Span<byte> target) => Bytes(source, target.Length).CopyTo(target);

    public void UploadBeside(ReadOnlySpan<byte> source, ulong target, nint free, nint ready) => Upload(source, target);

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

    public void Launch(string kernel, in LaunchShape shape, ReadOnlySpan<KernelArgument> arguments)
    {
        MethodInfo method = Methods.TryGetValue(kernel, out MethodInfo? found)
            ? found
            : throw new SimulationException($"There is no kernel {kernel}.");
        ParameterInfo[] parameters = method.GetParameters();
        if (parameters.Length != arguments.Length)
        {
            throw new SimulationException($"{kernel} has {parameters.Length} parameters, not {arguments.Length}.");
        }

        object[] values = new object[arguments.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Value(kernel, parameters[i], arguments[i]);
        }

        if (Launches.TryAdd(kernel, 0))
        {
            PtxEntries.RequireParameters(kernel, arguments);
        }

        Launches[kernel]++;
        Simulator.Launch(
            method, (shape.GridX, shape.GridY, shape.GridZ), (shape.GroupX, shape.GroupY, 1), values);
    }

    public void Synchronize()
    {
        // A launch returns when it is done.
    }

    public nint Mark() => (nint)Stopwatch.GetTimestamp();

    public double Milliseconds(nint from, nint to) => Stopwatch.GetElapsedTime(from, to).TotalMilliseconds;

    public void Dispose() => _memory.Clear();

    private object Value(string kernel, ParameterInfo parameter, KernelArgument argument)
    {
        Type type = parameter.ParameterType;
        return argument.Kind switch
        {
            KernelArgumentKind.View when type == typeof(ArrayView<float>) => View<float>(argument),
            KernelArgumentKind.View when type == typeof(ArrayView<int>) => View<int>(argument),
            KernelArgumentKind.View when type == typeof(ArrayView<uint>) => View<uint>(argument),
            KernelArgumentKind.Word when type == typeof(int) => (int)argument.Bits,
            KernelArgumentKind.Word when type == typeof(uint) => (uint)argument.Bits,
            KernelArgumentKind.Word when type == typeof(float) => BitConverter.UInt32BitsToSingle((uint)argument.Bits),
            KernelArgumentKind.LongWord when type == typeof(ulong) => argument.Bits,
            KernelArgumentKind.LongWord when type == typeof(long) => (long)argument.Bits,
            _ => throw new SimulationException(
                $"{kernel}: parameter {parameter.Name} is {type.Name}, not a {argument.Kind}."),
        };
    }

    private ArrayView<T> View<T>(KernelArgument argument)
        where T : unmanaged
    {
        (SimulatedMemory memory, long offset) = Find(argument.Bits);
        return memory.View<T>(offset, argument.Length);
    }

    private Span<byte> Bytes(ulong address, long bytes)
    {
        (SimulatedMemory memory, long offset) = Find(address);
        return memory.Bytes.Slice((int)offset, (int)bytes);
    }

    private (SimulatedMemory Memory, long Offset) Find(ulong address)
    {
        int low = 0;
        int high = _memory.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = _memory.GetKeyAtIndex(middle) <= address ? (middle + 1, high) : (low, middle);
        }

        return low > 0 && address - _memory.GetKeyAtIndex(low - 1) <= (ulong)_memory.GetValueAtIndex(low - 1).Length
            ? (_memory.GetValueAtIndex(low - 1), (long)(address - _memory.GetKeyAtIndex(low - 1)))
            : throw new SimulationException($"Address {address} is in no memory that was taken.");
    }
}
