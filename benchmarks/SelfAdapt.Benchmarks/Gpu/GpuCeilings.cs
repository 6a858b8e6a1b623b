using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using MathNet.Numerics.Statistics;
using SelfAdapt.Gpu;

namespace SelfAdapt.Benchmarks.Gpu;

/// <summary>What a GPU can do at most.</summary>
/// <param name="CopyBytesPerSecond">Bytes read and written by a large copy, measured.</param>
/// <param name="FlopsPerSecond">
/// Cores times clock times two (fp32), as the driver tells them; 0 where it doesn't.
/// </param>
/// <param name="Bf16FlopsPerSecond">The same for tensor cores in BF16; 0 where it is not known.</param>
internal sealed record GpuCeilings(double CopyBytesPerSecond, double FlopsPerSecond, double Bf16FlopsPerSecond)
{
    private const int Repeats = 5;
    private const int LargestCopy = 1 << 30;

    /// <summary>The most that tensor cores do; 0 where it is not known, and in fp32, which they don't do.</summary>
    /// <param name="precision">What they multiply in: TF32 at half the rate of BF16.</param>
    public double TensorFlopsPerSecond(GpuPrecision precision) => precision switch
    {
        GpuPrecision.Bf16 => Bf16FlopsPerSecond,
        GpuPrecision.Tf32 => Bf16FlopsPerSecond / 2,
        _ => 0,
    };

    /// <summary>Measures.</summary>
    /// <param name="info">The GPU.</param>
    /// <param name="device">The same, open.</param>
    /// <param name="rounds">Timed rounds.</param>
    public static GpuCeilings Measure(GpuDeviceInfo info, IGpuDevice device, int rounds)
    {
        long words = Math.Min(LargestCopy, device.MemoryBytes / 8) / sizeof(float);
        (MemoryBuffer from, MemoryBuffer to) = (device.Allocate(words), device.Allocate(words));
        ArrayView<float> source = from.AsArrayView<float>(0, words);
        ArrayView<float> target = to.AsArrayView<float>(0, words);
        Fill(device, source);
        device.Copy(source, target);
        List<double> times = [];
        for (int round = 0; round < rounds; round++)
        {
            nint start = device.Mark();
            for (int i = 0; i < Repeats; i++)
            {
                device.Copy(source, target);
            }

            times.Add(device.Milliseconds(start, device.Mark()) / Repeats);
        }

        device.Free(from);
        device.Free(to);
        double processorClocks = 1e6 * info.Multiprocessors * ((CudaDevice)info.Device!).ClockRate;
        int cores = info is { ComputeMajor: 8, ComputeMinor: 0 } ? 64 : 128;

        // Dense BF16 with fp32 sums, per multiprocessor and clock, from NVIDIA's architecture papers.
        int bf16 = (info.ComputeMajor, info.ComputeMinor) switch
        {
            (8, 0) => 2048,
            (8, 6 or 9) => 512,
            (9, 0) => 4096,
            _ => 0,
        };
        return new(
            2.0 * words * sizeof(float) / (times.Median() / 1000), 2 * cores * processorClocks, bf16 * processorClocks);
    }

    /// <summary>Noise: a copy of zeros may be faster than of real data.</summary>
    private static void Fill(IGpuDevice device, ArrayView<float> target)
    {
        float[] noise = Inputs.Noise(1 << 22, 1);
        for (long at = 0; at < target.Length; at += noise.Length)
        {
            int part = (int)Math.Min(noise.Length, target.Length - at);
            device.Upload(noise.AsSpan(0, part), target.SubView(at, part));
        }
    }
}
