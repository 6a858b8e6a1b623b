using System.Runtime.InteropServices;
using ILGPU;
using SelfAdapt.Engine;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Gpu;

// The student's strong augmentation.
internal sealed partial class GpuBackend
{
    private GpuMemory? _samples;

    public void StrongAugment(
        DeviceVector source, TensorShape shape, ReadOnlySpan<StrongAugmentation> samples,
        DeviceVector target)
    {
        int plane = shape.H * shape.W;
        int planes = shape.N * shape.C;
        int count = planes * plane;
        (ArrayView<float> numbers, ArrayView<uint> seeds) = UploadSamples(samples);
        int chunks = Chunks(plane, _device.GroupThreads, planes);
        long sums = Aligned(2L * planes * chunks);
        ArrayView<float> workspace = Workspace(sums + count);
        ArrayView<float> partial = workspace.SubView(0, sums);
        ArrayView<float> scratch = workspace.SubView(sums, count);
        Launch(
            Kernels.Augment.PlaneSums, Groups(chunks, planes), View(source), numbers,
            partial, shape.C, plane);
        Launch(
            Kernels.Augment.Intensity, Each(count), View(source), numbers, partial, View(target), shape.C, plane,
            chunks, count);
        Launch(
            Kernels.Augment.BlurRows, Each(count), View(target), numbers, partial, scratch, shape.C, shape.W, plane,
            chunks, count);
        Launch(
            Kernels.Augment.BlurColumns, Each(count), scratch, numbers, seeds, partial, View(target), shape.C, shape.W,
            plane, chunks, count);
    }

    /// <summary>What was drawn for each sample, as the kernels read it.</summary>
    private (ArrayView<float> Numbers, ArrayView<uint> Seeds) UploadSamples(ReadOnlySpan<StrongAugmentation> samples)
    {
        int numbersLength = samples.Length * Kernels.Augment.Entries;
        int length = numbersLength + (samples.Length * Kernels.Augment.SeedWords);
        if (_samples is null || _samples.Words < length)
        {
            _device.Synchronize();
            _samples?.Dispose();
            _samples = new GpuMemory(_device, length);
        }

        float[] words = new float[length];
        Span<uint> keys = MemoryMarshal.Cast<float, uint>(words.AsSpan(numbersLength));
        for (int n = 0; n < samples.Length; n++)
        {
            StrongAugmentation sample = samples[n];
            ReadOnlySpan<float> drawn =
            [
                sample.Apply ? 1 : 0, sample.ContrastFirst ? 1 : 0, sample.Brightness, sample.Contrast,
                sample.BlurSigma, sample.NoiseSigma,
            ];
            drawn.CopyTo(words.AsSpan(n * Kernels.Augment.Entries));
            keys[n * Kernels.Augment.SeedWords] = (uint)sample.NoiseSeed;
            keys[(n * Kernels.Augment.SeedWords) + 1] = (uint)(sample.NoiseSeed >> 32);
        }

        ArrayView<float> whole = _samples.View(0, length);
        _device.Upload(words, whole);
        return (whole.SubView(0, numbersLength), whole.SubView(numbersLength, length - numbersLength).Cast<uint>());
    }
}
