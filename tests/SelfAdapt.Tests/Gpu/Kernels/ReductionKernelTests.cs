using SelfAdapt.Engine;
using SelfAdapt.Engine.Reference;
using SelfAdapt.Models.Graph;
using static SelfAdapt.Tests.Gpu.Kernels.KernelLaunch;

namespace SelfAdapt.Tests.Gpu.Kernels;

/// <summary>Reductions in the simulator: batch statistics, their gradient, sums over planes, views.</summary>
[TestClass]
internal sealed class ReductionKernelTests
{
    private static readonly TensorShape Shape = new(2, 6, 5, 9);

    [TestMethod]
    [DataRow(1, 2, 1)]
    [DataRow(2, 16, 4)]
    [DataRow(2, 1, 100)]
    public void Moments_LargeMean_KeepsTheVariancesDigits(int groupX, int groupY, int chunks)
    {
        float[] values = [.. Numbers((int)Shape.Count, 1).Select(v => 1000 + v)];
        Norm norm = new(values, groupX, groupY, chunks, true);
        for (int c = 0; c < Shape.C; c++)
        {
            double[] own = [.. values.Where((_, i) => i / 45 % 6 == c).Select(v => (double)v)];
            double mean = own.Average();
            double variance = own.Sum(v => (v - mean) * (v - mean)) / own.Length;
            Assert.AreEqual(mean, norm.Saved.Values[c], 1e-4);
            Assert.AreEqual(1, norm.Saved.Values[6 + c] * Math.Sqrt(variance + 1e-5), 1e-6);
            Assert.AreEqual(0.9 + (0.1 * variance * 90 / 89), norm.Running[1].Values[c], 1e-5);
        }

        Assert.AreEqual(0, norm.Lanes.Values[7], "the padding's mean");
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Gradient_BatchStatistics_AgreesWithReference(bool accumulate)
    {
        float[] x = Numbers((int)Shape.Count, 1);
        float[] dy = Numbers((int)Shape.Count, 2);
        Norm norm = new(x, 2, 4, 3, true);
        DeviceArray<float> partial = new(3 * 2 * 8);
        (DeviceArray<float> dScale, DeviceArray<float> dBias, DeviceArray<float> terms) = (new(6), new(6), new(16));
        DeviceArray<float> g = Tensor(Shape, dy);
        DeviceArray<float> dx = accumulate ? Tensor(Shape, x) : g;
        Grid("BatchNorm.GradientSums", (1, 3, 1), (2, 4, 1), norm.X.View, g.View, norm.Lanes.View, partial.View, 1, 90,
            8);
        Grid(
            "BatchNorm.FinishGradient", (8, 1, 1), (2, 1, 1), partial.View, norm.Lanes.View, dScale.View, dBias.View,
            terms.View, 6, 8, 90, 3, 1);
        Each(
            "BatchNorm.Gradient", 180, norm.X.View, g.View, norm.Lanes.View, terms.View, dx.View, 1, accumulate ? 1 : 0,
            2, 180);

        using ReferenceBackend reference = new();
        DeviceVector Upload(params float[] values)
        {
            DeviceVector vector = reference.CreateVector(values.Length);
            vector.Upload(values);
            return vector;
        }

        DeviceTensor Import(float[] values)
        {
            DeviceTensor tensor = reference.CreateTensor(Shape);
            reference.Import(Upload(values).Whole, tensor);
            return tensor;
        }

        BatchNormParameters parameters = new(
            Upload(norm.Scale).Whole, Upload(norm.Bias).Whole, Upload(new float[6]).Whole, Upload(new float[6]).Whole,
            1e-5f, 0.1f, true);
        DeviceVector saved = reference.CreateVector(12);
        (DeviceTensor rx, DeviceTensor rdx) = (Import(x), Import(x));
        reference.BatchNormStatistics(rx, parameters, NormStatistics.Batch, saved);
        (DeviceVector rScale, DeviceVector rBias) = (reference.CreateVector(6), reference.CreateVector(6));
        reference.BatchNormBackward(
            rx, parameters, NormStatistics.Batch, saved, Import(dy), rdx, accumulate, rScale.Whole, rBias.Whole);
        DeviceVector expected = reference.CreateVector((int)Shape.Count);
        reference.Export(rdx, expected.Whole);

        Assert.IsLessThan(1e-12, Error(Data(expected), Read(Shape, dx)));
        Assert.IsLessThan(1e-12, Error(Data(rScale), dScale.Values));
        Assert.IsLessThan(1e-12, Error(Data(rBias), dBias.Values));
    }

    [TestMethod]
    public void PlaneSums_TwoStages_AddEachPlane()
    {
        float[] x = Numbers((int)Shape.Count, 3);
        DeviceArray<float> partial = new(2 * 4 * 8);
        TensorShape pooled = new(2, 6, 1, 1);
        DeviceArray<float> y = Tensor(pooled, [.. Enumerable.Repeat(1f, 12)]);
        Grid("Channels.PlaneSums", (1, 4, 2), (2, 4, 1), Tensor(Shape, x).View, partial.View, 45, 8);
        Each("Channels.FinishPlaneSums", 16, partial.View, y.View, 0.5f, 1, 4, 8, 16);

        double[] expected = [.. x.Chunk(45).Select(p => 1 + (0.5 * p.Sum(v => (double)v)))];
        Assert.IsLessThan(1e-12, Error(expected, Read(pooled, y)));
    }

    [TestMethod]
    public void ViewMoments_EightViews_AgreeWithReference()
    {
        TensorShape shape = new(2, 3, 6, 6);
        ChannelMeaning[] meanings = [ChannelMeaning.VectorRow, ChannelMeaning.VectorColumn, ChannelMeaning.Logit];
        Orientation[] views = Enum.GetValues<Orientation>();
        int count = (int)shape.Count;
        float[][] outputs = [.. views.Select((_, v) => Numbers(count, (ulong)v))];
        using ReferenceBackend reference = new();
        DeviceVector[] host = [.. outputs.Select(o =>
        {
            DeviceVector vector = reference.CreateVector(count);
            vector.Upload(o);
            return vector;
        })];
        (DeviceVector mean, DeviceVector deviation) = (reference.CreateVector(count), reference.CreateVector(count));
        reference.ViewMoments(host, views, shape, meanings, true, mean, deviation);

        List<int> table = [];
        foreach (Orientation view in views)
        {
            OrientationMap turn = OrientationMap.Of(view);
            (int origin, int down, int right) = turn.Inverse().Strides(6, 6);
            int partner = turn.SwapsAxes ? 1 : 0;
            table.AddRange([partner, turn.RowFromRow + turn.RowFromColumn, origin, down, right, 0]);
            table.AddRange([-partner, turn.ColumnFromRow + turn.ColumnFromColumn, origin, down, right, 0]);
            table.AddRange([0, 1, origin, down, right, 1]);
        }

        (DeviceArray<float> m, DeviceArray<float> d) = (new(count), new(count));
        object[] args =
        [
            .. outputs.Select(o => (object)new DeviceArray<float>(o).View), new DeviceArray<int>([.. table]).View,
            m.View, d.View, 8, 3, 36, 6, count,
        ];
        Each("Views.Moments", count, args);
        Assert.IsLessThan(1e-13, Error(Data(mean), m.Values));
        Assert.IsLessThan(1e-13, Error(Data(deviation), d.Values));
    }

    private static double[] Data(DeviceVector vector) => ((HostVector<double>)vector).Data;

    /// <summary>Batch statistics by the kernels.</summary>
    private sealed class Norm
    {
        public Norm(float[] values, int groupX, int groupY, int chunks, bool update)
        {
            X = Tensor(Shape, values);
            DeviceArray<float> partial = new(((2 * chunks) + 1) * 8);
            Grid(
                "BatchNorm.Moments", ((2 + groupX - 1) / groupX, chunks, 1), (groupX, groupY, 1), X.View, partial.View,
                90, 8);
            Grid(
                "BatchNorm.FinishMoments", (8, 1, 1), (4, 1, 1), partial.View, new DeviceArray<float>(Scale).View,
                new DeviceArray<float>(Bias).View, Running[0].View, Running[1].View, Saved.View, Lanes.View, 6, 8, 90,
                chunks, 1e-5f, 0.1f, update ? 1 : 0);
        }

        public float[] Scale { get; } = Numbers(6, 7);

        public float[] Bias { get; } = Numbers(6, 8);

        public DeviceArray<float> X { get; }

        public DeviceArray<float> Saved { get; } = new(12);

        public DeviceArray<float> Lanes { get; } = new(32);

        public DeviceArray<float>[] Running { get; } = [new(new float[6]), new([1, 1, 1, 1, 1, 1])];
    }
}
