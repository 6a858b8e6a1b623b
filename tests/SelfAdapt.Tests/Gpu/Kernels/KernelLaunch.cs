extern alias simulated;
using System.Reflection;
using SelfAdapt.Engine;
using SelfAdapt.Models.Graph;
using simulated::ILGPU;
using simulated::SelfAdapt.Kernels;
using simulated::SelfAdapt.KernelSimulator;

namespace SelfAdapt.Tests.Gpu.Kernels;

/// <summary>Numbers in simulated device memory; what is not set is NaN.</summary>
internal sealed class DeviceArray<T>
    where T : unmanaged
{
    private readonly SimulatedMemory _memory;
    private readonly int _length;

    public DeviceArray(int length)
    {
        _length = length;
        _memory = new((long)length * System.Runtime.CompilerServices.Unsafe.SizeOf<T>());
    }

    public DeviceArray(ReadOnlySpan<T> values)
        : this(values.Length) => values.CopyTo(Values);

    public Span<T> Values => _memory.Values<T>(0, _length);

    public ArrayView<T> View => _memory.View<T>(0, _length);
}

/// <summary>Launching kernels by name, and the tensor layout that they share.</summary>
internal static class KernelLaunch
{
    private static readonly IReadOnlyDictionary<string, MethodInfo> Kernels =
        Simulator.KernelsOf(typeof(Elementwise).Assembly);

    /// <summary>What an operand may be that a flag switches off.</summary>
    public static ArrayView<float> None { get; } = new DeviceArray<float>(4).View;

    public static int Pitch(int channels) => (channels + 3) / 4 * 4;

    /// <summary>A launch with a thread per counted item.</summary>
    public static void Each(string kernel, int count, params object[] args) =>
        Grid(kernel, ((count + 31) / 32, 1, 1), (32, 1, 1), args);

    public static void Grid(
        string kernel, (int X, int Y, int Z) grid, (int X, int Y, int Z) group, params object[] args) =>
        Simulator.Launch(Kernels[kernel], grid, group, args);

    /// <summary>NCHW values as the kernels keep them; the padding is NaN.</summary>
    public static DeviceArray<float> Tensor(TensorShape shape, ReadOnlySpan<float> values)
    {
        DeviceArray<float> tensor = Tensor(shape);
        for (int i = 0; i < values.Length; i++)
        {
            tensor.Values[At(shape, i)] = values[i];
        }

        return tensor;
    }

    public static DeviceArray<float> Tensor(TensorShape shape) => new(shape.N * shape.H * shape.W * Pitch(shape.C));

    /// <summary>The NCHW values of a tensor.</summary>
    public static float[] Read(TensorShape shape, DeviceArray<float> tensor)
    {
        float[] values = new float[shape.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = tensor.Values[At(shape, i)];
        }

        return values;
    }

    /// <summary>Numbers around 0, the same every time.</summary>
    public static float[] Numbers(int length, ulong seed)
    {
        float[] values = new float[length];
        for (int i = 0; i < length; i++)
        {
            values[i] = (float)CounterRandom.Normal(seed, (ulong)i);
        }

        return values;
    }

    /// <summary>The squared error of one set of values relative to another.</summary>
    public static double Error(ReadOnlySpan<double> expected, ReadOnlySpan<float> actual)
    {
        double error = 0;
        double size = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            error += (expected[i] - actual[i]) * (expected[i] - actual[i]);
            size += expected[i] * expected[i];
        }

        return error / size;
    }

    private static int At(TensorShape shape, int index)
    {
        int plane = shape.H * shape.W;
        (int sample, int rest) = Math.DivRem(index, shape.C * plane);
        return (((sample * plane) + (rest % plane)) * Pitch(shape.C)) + (rest / plane);
    }
}
