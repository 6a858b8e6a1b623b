extern alias simulated;
using SelfAdapt.Models.Graph;
using simulated::SelfAdapt.Kernels;
using static SelfAdapt.Tests.Gpu.Kernels.KernelLaunch;

namespace SelfAdapt.Tests.Gpu.Kernels;

/// <summary>Convolution kernels where tiles end inside images, channels inside quads and parts inside slices.</summary>
[TestClass]
internal sealed class ConvolutionKernelTests
{
    [TestMethod]
    [DataRow("64x64", 64, 64, 2, 5, 70, 5, 7, 9, 31, "Tf32")]
    [DataRow("128x32", 128, 32, 1, 6, 33, 12, 11, 9, 27, "Tf32")]
    [DataRow("128x64", 128, 64, 1, 9, 30, 13, 10, 1, 7, "Tf32")]
    [DataRow("128x128", 128, 128, 1, 4, 131, 5, 15, 1, 3, "Tf32")]
    [DataRow("64x64", 64, 64, 2, 5, 70, 5, 7, 9, 31, "Bf16")]
    [DataRow("128x32", 128, 32, 1, 6, 33, 12, 11, 9, 27, "Bf16")]
    [DataRow("128x64", 128, 64, 1, 21, 30, 13, 10, 1, 7, "Bf16")]
    [DataRow("128x128", 128, 128, 1, 4, 131, 5, 15, 9, 3, "Bf16")]
    [DataRow("64x64", 64, 64, 2, 5, 70, 5, 7, 9, 31)]
    [DataRow("64x64", 64, 64, 1, 2, 6, 3, 3, 9, 0)]
    [DataRow("64x64", 64, 64, 1, 16, 3, 9, 8, 1, 9)]
    [DataRow("128x32", 128, 32, 1, 6, 33, 12, 11, 9, 27)]
    [DataRow("128x64", 128, 64, 1, 9, 30, 13, 10, 9, 3)]
    [DataRow("128x128", 128, 128, 1, 4, 131, 9, 15, 1, 7)]
    public void Forward_OddSizes_AgreesWithDefinition(
        string tile, int rows, int columns, int batch, int inputs, int outputs, int height, int width, int taps,
        int flags, string format = "Fp32")
    {
        TensorShape from = new(batch, inputs, height, width);
        TensorShape to = new(batch, outputs, height, width);
        Problem p = new(from, to, taps, flags);
        int pixels = batch * height * width;

        DeviceArray<float> y = Tensor(to);
        DeviceArray<float> packed = new(taps * Pitch(inputs) * Pitch(outputs));
        Each(
            "Convolution.Pack", packed.Values.Length, new DeviceArray<float>(p.Weight).View, packed.View, outputs,
            inputs, taps, packed.Values.Length);
        Grid(
            $"Convolution.Forward.Tile{tile}.{format}", (Groups(pixels, rows), Groups(outputs, columns), 1),
            (columns / 8, rows / 8, 1), Tensor(from, p.X).View, packed.View, y.View,
            new DeviceArray<float>(p.Bias).View, Tensor(to, p.Residual).View,
            Tensor(to with { H = 1, W = 1 }, p.PerChannel).View, p.Lanes.View,
            (ConvolutionFlags)flags, pixels, height, width, inputs, outputs, taps);

        Assert.IsLessThan(Bound(format), Error(p.Forward(), Read(to, y)));
    }

    [TestMethod]
    [DataRow(9)]
    [DataRow(1)]
    public void Forward_BackwardWeightsAndAccumulate_AddsInputGradient(int taps)
    {
        TensorShape from = new(2, 5, 4, 6);
        TensorShape to = new(2, 7, 4, 6);
        Problem p = new(from, to, taps, 0);
        float[] before = Numbers((int)from.Count, 9);
        DeviceArray<float> dx = Tensor(from, before);
        DeviceArray<float> packed = new(taps * Pitch(5) * Pitch(7));
        Each(
            "Convolution.PackBackward", packed.Values.Length, new DeviceArray<float>(p.Weight).View, packed.View, 7, 5,
            taps, packed.Values.Length);

        Grid(
            "Convolution.Forward.Tile64x64.Fp32", (1, 1, 1), (8, 8, 1), Tensor(to, p.Residual).View, packed.View, dx.View, None,
            dx.View, None, None, ConvolutionFlags.Residual, 48, 4, 6, 7, 5, taps);

        double[] expected = p.InputGradient(p.Residual);
        for (int i = 0; i < expected.Length; i++)
        {
            expected[i] += before[i];
        }

        Assert.IsLessThan(1e-12, Error(expected, Read(from, dx)));
    }

    [TestMethod]
    [DataRow("64x64", 64, 64, 2, 9, 70, 5, 7, 9, 24, 24, "Tf32")]
    [DataRow("128x128", 128, 128, 1, 18, 3, 7, 9, 9, 24, 64, "Tf32")]
    [DataRow("64x64", 64, 64, 2, 9, 70, 5, 7, 9, 24, 24, "Bf16")]
    [DataRow("128x32", 128, 32, 1, 17, 35, 6, 11, 9, 8, 40, "Bf16")]
    [DataRow("128x64", 128, 64, 1, 5, 66, 9, 9, 1, 24, 48, "Bf16")]
    [DataRow("128x128", 128, 128, 1, 18, 3, 7, 9, 9, 24, 64, "Bf16")]
    [DataRow("64x64", 64, 64, 2, 9, 70, 5, 7, 9, 24, 24)]
    [DataRow("64x64", 64, 64, 1, 2, 5, 3, 3, 9, 0, 8)]
    [DataRow("128x32", 128, 32, 1, 17, 35, 6, 11, 9, 8, 40)]
    [DataRow("128x64", 128, 64, 1, 5, 66, 9, 9, 1, 24, 48)]
    [DataRow("128x128", 128, 128, 1, 18, 3, 7, 9, 9, 24, 64)]
    public void WeightGradient_OddSizes_AgreesWithDefinition(
        string tile, int rows, int columns, int batch, int inputs, int outputs, int height, int width, int taps,
        int flags, int pixelsPerSplit, string format = "Fp32")
    {
        TensorShape from = new(batch, inputs, height, width);
        TensorShape to = new(batch, outputs, height, width);
        Problem p = new(from, to, taps, flags);
        int pixels = batch * height * width;
        int splits = Groups(pixels, pixelsPerSplit);
        int part = ((taps * Pitch(inputs)) + 1) * Pitch(outputs);
        DeviceArray<float> partial = new(splits * part);
        DeviceArray<float> dWeight = new(p.Weight.Length);
        DeviceArray<float> dBias = new(outputs);

        Grid(
            $"WeightGradient.Sum.Tile{tile}.{format}",
            (Groups(taps * Pitch(inputs), rows), Groups(outputs, columns), splits), (columns / 8, rows / 8, 1),
            Tensor(from, p.X).View, Tensor(to, p.Residual).View, p.Lanes.View, partial.View,
            (ConvolutionFlags)flags, pixels, height, width, inputs, outputs, taps, pixelsPerSplit);
        Each(
            "WeightGradient.Finish", part, partial.View, dWeight.View, dBias.View, inputs, outputs, taps, splits, 1,
            part);

        (double[] weight, double[] bias) = p.WeightGradient(p.Residual);
        Assert.IsLessThan(Bound(format), Error(weight, dWeight.Values));
        Assert.IsLessThan(1e-12, Error(bias, dBias.Values));
    }

    private static double Bound(string format) => format switch
    {
        "Bf16" => 1e-4,
        "Tf32" => 1e-6,
        _ => 1e-12,
    };

    private static int Groups(int count, int each) => (count + each - 1) / each;

    /// <summary>A convolution's operands, and its definition in double.</summary>
    private sealed class Problem(TensorShape from, TensorShape to, int taps, int flags)
    {
        private readonly float[] _norm = Numbers(4 * Pitch(from.C), 5);

        public float[] X { get; } = Numbers((int)from.Count, 1);

        public float[] Weight { get; } = Numbers(from.C * to.C * taps, 2);

        public float[] Bias { get; } = Numbers(to.C, 3);

        public float[] Residual { get; } = Numbers((int)to.Count, 4);

        public float[] PerChannel { get; } = Numbers(to.N * to.C, 6);

        public DeviceArray<float> Lanes => new(_norm);

        public double[] Forward()
        {
            int plane = to.H * to.W;
            double[] y = new double[to.Count];
            for (int i = 0; i < y.Length; i++)
            {
                y[i] += (flags & 1) != 0 ? Bias[i / plane % to.C] : 0;
                y[i] += (flags & 2) != 0 ? Residual[i] : 0;
                y[i] += (flags & 4) != 0 ? PerChannel[i / plane] : 0;
            }

            ForEach((x, o, w) => y[o] += Input(x) * Weight[w]);
            return y;
        }

        public double[] InputGradient(float[] dy)
        {
            double[] dx = new double[from.Count];
            ForEach((x, o, w) => dx[x] += dy[o] * Weight[w]);
            return dx;
        }

        public (double[] Weight, double[] Bias) WeightGradient(float[] dy)
        {
            double[] weight = new double[Weight.Length];
            double[] bias = new double[to.C];
            ForEach((x, o, w) => weight[w] += Input(x) * dy[o]);
            for (int i = 0; i < dy.Length; i++)
            {
                bias[i / (to.H * to.W) % to.C] += dy[i];
            }

            return (weight, bias);
        }

        private double Input(int index)
        {
            int channel = index / (from.H * from.W) % from.C;
            int pitch = Pitch(from.C);
            double value = X[index];
            value = (flags & 8) != 0
                ? ((value - _norm[channel]) * _norm[pitch + channel]) + _norm[(2 * pitch) + channel]
                : value;
            return (flags & 16) != 0 ? Math.Max(value, 0) : value;
        }

        private void ForEach(Action<int, int, int> visit)
        {
            int reach = taps / 9;
            for (int o = 0; o < to.Count; o++)
            {
                (int column, int row, int k, int n) =
                    (o % to.W, o / to.W % to.H, o / (to.W * to.H) % to.C, o / (to.W * to.H * to.C));
                for (int tap = 0; tap < taps; tap++)
                {
                    (int i, int j) = (row + (tap / 3 * reach) - reach, column + (tap % 3 * reach) - reach);
                    for (int c = 0; c < from.C && i >= 0 && i < to.H && j >= 0 && j < to.W; c++)
                    {
                        visit((((((n * from.C) + c) * to.H) + i) * to.W) + j, o, (((k * from.C) + c) * taps) + tap);
                    }
                }
            }
        }
    }
}
