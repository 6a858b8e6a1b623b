using System;
using System.Runtime.InteropServices;
using SelfAdapt.Engine;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Gpu;

// The student's strong augmentation.
public sealed partial class CudaBackend
{
    private const int NumbersPerSample = 6;
    private const int WordsPerSeed = 2;

    private GpuMemory? _samples;

    /// <inheritdoc/>
    public override void StrongAugment(
        DeviceVector source, TensorShape shape, ReadOnlySpan<StrongAugmentation> samples,
        DeviceVector target)
    {
        int plane = shape.H * shape.W;
        int planes = shape.N * shape.C;
        int count = planes * plane;
        (GpuView numbers, GpuView seeds) = UploadSamples(samples);
        int chunks = Chunks(plane, _device.GroupThreads, planes);
        long sums = Aligned(2L * planes * chunks);
        GpuView workspace = Workspace(sums + count);
        (GpuView partial, GpuView scratch) = (Part(workspace, 0, sums), Part(workspace, sums, count));
        Launch(
            "Augment.PlaneSums", new LaunchShape(chunks, planes, 1, _device.GroupThreads), View(source), numbers,
            partial, shape.C, plane);
        LaunchEach(
            "Augment.Intensity", count, View(source), numbers, partial, View(target), shape.C, plane, chunks, count);
        LaunchEach(
            "Augment.BlurRows", count, View(target), numbers, partial, scratch, shape.C, shape.W, plane, chunks, count);
        LaunchEach(
            "Augment.BlurColumns", count, scratch, numbers, seeds, partial, View(target), shape.C, shape.W, plane,
            chunks, count);
    }

    /// <summary>What was drawn for each sample, as the kernels read it.</summary>
    private (GpuView Numbers, GpuView Seeds) UploadSamples(ReadOnlySpan<StrongAugmentation> samples)
    {
        int numbersLength = samples.Length * NumbersPerSample;
        int length = numbersLength + (samples.Length * WordsPerSeed);
        if (_samples is null || _samples.Bytes < length * sizeof(float))
        {
            _device.Synchronize();
            _samples?.Dispose();
            _samples = new GpuMemory(_device, length * sizeof(float));
        }

        uint[] words = new uint[length];
        for (int n = 0; n < samples.Length; n++)
        {
            StrongAugmentation sample = samples[n];
            Span<float> numbers = MemoryMarshal.Cast<uint, float>(words.AsSpan(n * NumbersPerSample, NumbersPerSample));
            ReadOnlySpan<float> drawn =
            [
                sample.Apply ? 1 : 0, sample.ContrastFirst ? 1 : 0, sample.Brightness, sample.Contrast,
                sample.BlurSigma, sample.NoiseSigma,
            ];
            drawn.CopyTo(numbers);
            words[numbersLength + (n * WordsPerSeed)] = (uint)sample.NoiseSeed;
            words[numbersLength + (n * WordsPerSeed) + 1] = (uint)(sample.NoiseSeed >> 32);
        }

        _device.Upload(MemoryMarshal.AsBytes(words.AsSpan()), _samples.Address);
        GpuView whole = new(_samples.Address, length);
        return (Part(whole, 0, numbersLength), Part(whole, numbersLength, length - numbersLength));
    }
}
