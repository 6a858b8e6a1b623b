using System.Runtime.InteropServices;
using ILGPU;
using SelfAdapt.Engine;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Gpu;

// Plain vectors, views and thresholds.
internal sealed partial class GpuBackend
{
    // Small tables that depend on the options alone: uploaded once.
    private readonly List<(int[] Content, GpuMemory Memory)> _tables = [];

    public void Fill(DeviceVector target, float value) =>
        Launch(Kernels.Elementwise.Fill, Each(target.Length), View(target), value, target.Length);

    public void Copy(VectorSlice source, VectorSlice target)
    {
        if (source.Length > target.Length)
        {
            throw new ArgumentException($"{source.Length} values do not fit into {target.Length}.");
        }

        _device.Copy(View(source), View(target.Vector.Slice(target.Offset, source.Length)));
    }

    public void MoveTowards(DeviceVector target, DeviceVector source, float keep) =>
        Launch(
            Kernels.Elementwise.MoveTowards, Each(target.Length), View(target), View(source), 1 - keep, target.Length);

    public void Reorient(DeviceVector source, TensorShape shape, Orientation view, DeviceVector target)
    {
        OrientationMap transform = OrientationMap.Of(view);
        (int origin, int down, int right) = transform.Strides(shape.H, shape.W);
        Launch(
            Kernels.Views.Apply, Each(shape.Count), View(source), View(target), shape.H * shape.W,
            transform.SwapsAxes ? shape.H : shape.W, origin, down, right, (int)shape.Count);
    }

    public void Softmax(DeviceVector outputs, TensorShape shape, ReadOnlySpan<ChannelMeaning> channels)
    {
        ClassRun run = ClassRun.Of(channels);
        int plane = shape.H * shape.W;
        if (run.Count > 0)
        {
            Launch(
                Kernels.Classes.Softmax, Each(shape.N * plane), View(outputs), shape.C, run.First, run.Count, plane,
                shape.N * plane);
        }
    }

    public void ViewMoments(
        ReadOnlySpan<DeviceVector> outputs, ReadOnlySpan<Orientation> views, TensorShape shape,
        ReadOnlySpan<ChannelMeaning> channels, bool averageProbabilities,
        DeviceVector mean, DeviceVector deviation)
    {
        if (outputs.Length != views.Length || outputs.Length is 0 or > Kernels.Views.Most)
        {
            throw new ArgumentException(
                $"{outputs.Length} outputs do not go with {views.Length} views, of which there are 1 to "
                + $"{Kernels.Views.Most}.");
        }

        ArrayView<float>[] sources = new ArrayView<float>[Kernels.Views.Most];
        for (int v = 0; v < Kernels.Views.Most; v++)
        {
            sources[v] = View(outputs[Math.Min(v, outputs.Length - 1)]);
        }

        ArrayView<int> table = Table(ViewTable(views, shape, channels, averageProbabilities));
        Launch(
            Kernels.Views.Moments, Each(shape.Count), sources[0], sources[1], sources[2], sources[3], sources[4],
            sources[5], sources[6], sources[7], table, View(mean), View(deviation), views.Length, shape.C,
            shape.H * shape.W, shape.W, (int)shape.Count);
    }

    public void UpdateThresholds(
        DeviceVector mean, DeviceVector deviation, TensorShape shape, ReadOnlySpan<ChannelMeaning> channels,
        float classQuantile, float regressionQuantile, float keep, bool meanIsProbability,
        DeviceVector thresholds)
    {
        int tasks = 2 * shape.C;
        int plane = shape.H * shape.W;
        ArrayView<int> kinds = Kinds(channels);
        ArrayView<uint> state = Workspace((long)tasks * Kernels.Thresholds.Words).Cast<uint>();
        KernelConfig count = Groups(Chunks((long)plane * shape.N, _device.GroupThreads, tasks), tasks);
        Launch(Kernels.Thresholds.Clear, Each(state.Length), state, tasks);
        for (int pass = 0; pass < Kernels.Thresholds.Passes; pass++)
        {
            Launch(
                Kernels.Thresholds.Count, count, View(mean), View(deviation), kinds, state, shape.C, plane, shape.N,
                Flag(meanIsProbability), pass);
            Launch(
                Kernels.Thresholds.Select, Groups(tasks), state, kinds,
                classQuantile, regressionQuantile, tasks, pass);
        }

        Launch(
            Kernels.Thresholds.Next, count, View(mean), View(deviation), kinds, state, shape.C, plane, shape.N,
            Flag(meanIsProbability));
        Launch(
            Kernels.Thresholds.Move, Each(tasks), state, kinds, View(thresholds), classQuantile, regressionQuantile,
            keep, tasks);
    }

    private static int[] ViewTable(
        ReadOnlySpan<Orientation> views, TensorShape shape, ReadOnlySpan<ChannelMeaning> channels, bool averageProbabilities)
    {
        int[] table = new int[views.Length * channels.Length * Kernels.Views.Entries];
        int at = 0;
        foreach (Orientation view in views)
        {
            OrientationMap transform = OrientationMap.Of(view);
            (int height, int width) = transform.SwapsAxes ? (shape.W, shape.H) : (shape.H, shape.W);
            (int origin, int down, int right) = transform.Inverse().Strides(height, width);
            foreach (ChannelMeaning meaning in channels)
            {
                (int partner, int sign) = meaning.Turned(transform);
                bool sigmoid = averageProbabilities && meaning.IsLogit;
                foreach (int number in (ReadOnlySpan<int>)[partner, sign, origin, down, right, sigmoid ? 1 : 0])
                {
                    table[at++] = number;
                }
            }
        }

        return table;
    }

    /// <summary>How each channel is trained.</summary>
    private ArrayView<int> Kinds(ReadOnlySpan<ChannelMeaning> channels)
    {
        int logit = channels.IndexOf(ChannelMeaning.Logit);
        ClassRun run = ClassRun.Of(channels);
        return Table([.. channels.ToArray().Select(m => m.Loss switch
        {
            ChannelLoss.Classes => Kernels.ChannelKinds.Class(run.First, run.Count),
            ChannelLoss.ObjectDistances => (int)m.Loss + logit,
            _ => (int)m.Loss,
        })]);
    }

    /// <summary>A table on the device; one of equal content is there once.</summary>
    private ArrayView<int> Table(int[] content)
    {
        GpuMemory? memory = _tables.FirstOrDefault(t => t.Content.AsSpan().SequenceEqual(content)).Memory;
        if (memory is null)
        {
            memory = new GpuMemory(_device, content.Length);
            _device.Upload(MemoryMarshal.Cast<int, float>(content), memory.View(0, content.Length));
            _tables.Add((content, memory));
        }

        return memory.View(0, content.Length).Cast<int>();
    }
}
