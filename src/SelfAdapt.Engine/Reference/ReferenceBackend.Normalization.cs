namespace SelfAdapt.Engine.Reference;

// Batch normalisation, the linear layer and the style vector, forward and backward by their definitions.
internal sealed partial class ReferenceBackend
{
    public void BatchNormStatistics(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved)
    {
        (int batch, int channels, int height, int width) = x.Shape;
        double count = (double)SamplesOfAll(batch) * height * width;
        for (int c = 0; c < channels; c++)
        {
            double mean = Values(norm.Mean)[c];
            double variance = Values(norm.Variance)[c];
            if (use != NormStatistics.Stored)
            {
                mean = OverAll(x, c, (i) => Data(x)[i]) / count;
                double center = mean;
                variance = OverAll(x, c, (i) => (Data(x)[i] - center) * (Data(x)[i] - center)) / count;
            }

            if (use == NormStatistics.BatchAndUpdate)
            {
                double unbiased = count > 1 ? variance * count / (count - 1) : variance;
                Values(norm.Mean)[c] += norm.Momentum * (mean - Values(norm.Mean)[c]);
                Values(norm.Variance)[c] += norm.Momentum * (unbiased - Values(norm.Variance)[c]);
            }

            Values(saved)[c] = mean;
            Values(saved)[channels + c] = 1 / Math.Sqrt(variance + norm.Epsilon);
        }
    }

    public void BatchNorm(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved, DeviceTensor y)
    {
        BatchNormStatistics(x, norm, use, saved);
        Normalize(x, norm, saved, y);
    }

    /// <summary>y = the normalised x, with statistics that are known.</summary>
    internal static void Normalize(DeviceTensor x, in BatchNormParameters norm, DeviceVector saved, DeviceTensor y)
    {
        int channels = x.Shape.C;
        for (int c = 0; c < channels; c++)
        {
            double mean = Values(saved)[c];
            double scale = Values(norm.Scale)[c] * Values(saved)[channels + c];
            double bias = Values(norm.Bias)[c];
            bool relu = norm.Relu;
            OverChannel(x, c, (i) =>
            {
                double value = ((Data(x)[i] - mean) * scale) + bias;
                Data(y)[i] = relu ? Math.Max(value, 0) : value;
                return 0;
            });
        }
    }

    public void BatchNormBackward(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved, DeviceTensor dy,
        DeviceTensor? dx, bool accumulate, VectorSlice dScale, VectorSlice dBias)
    {
        (int batch, int channels, int height, int width) = x.Shape;
        double count = (double)SamplesOfAll(batch) * height * width;
        for (int c = 0; c < channels; c++)
        {
            double mean = Values(saved)[c];
            double inverse = Values(saved)[channels + c];
            double scale = Values(norm.Scale)[c];
            double bias = Values(norm.Bias)[c];
            bool relu = norm.Relu;
            double Normalized(int i) => (Data(x)[i] - mean) * inverse;
            double Gradient(int i) => relu && (Normalized(i) * scale) + bias <= 0 ? 0 : Data(dy)[i];

            double sum = OverChannel(x, c, Gradient);
            double dot = OverChannel(x, c, (i) => Gradient(i) * Normalized(i));
            Values(dBias)[c] = sum;
            Values(dScale)[c] = dot;
            if (dx is null)
            {
                continue;
            }

            bool batchStatistics = use != NormStatistics.Stored;
            if (batchStatistics && Share is { } share)
            {
                double[] sums = share.GatherOfRanks<double>([sum, dot]);
                (sum, dot) = (SumInOrder([.. sums.Where((_, i) => i % 2 == 0)]), SumInOrder([.. sums.Where((_, i) => i % 2 == 1)]));
            }

            OverChannel(x, c, (i) =>
            {
                double through = batchStatistics ? (sum + (Normalized(i) * dot)) / count : 0;
                Put(dx, i, scale * inverse * (Gradient(i) - through), accumulate);
                return 0;
            });
        }
    }

    public void Linear(DeviceTensor x, VectorSlice weight, VectorSlice bias, DeviceTensor y)
    {
        (int inputs, int outputs) = (x.Shape.C, y.Shape.C);
        Set(y, false, i =>
        {
            double sum = Values(bias)[i % outputs];
            for (int k = 0; k < inputs; k++)
            {
                sum += Data(x)[(i / outputs * inputs) + k] * Values(weight)[(i % outputs * inputs) + k];
            }

            return sum;
        });
    }

    public void LinearBackward(
        DeviceTensor x, VectorSlice weight, DeviceTensor dy, DeviceTensor? dx, bool accumulate,
        VectorSlice dWeight, VectorSlice dBias)
    {
        (int batch, int inputs, int outputs) = (x.Shape.N, x.Shape.C, dy.Shape.C);
        Values(dWeight).Clear();
        Values(dBias).Clear();
        for (int n = 0; n < batch; n++)
        {
            for (int o = 0; o < outputs; o++)
            {
                double g = Data(dy)[(n * outputs) + o];
                Values(dBias)[o] += g;
                for (int k = 0; k < inputs; k++)
                {
                    Values(dWeight)[(o * inputs) + k] += g * Data(x)[(n * inputs) + k];
                }
            }
        }

        for (int i = 0; dx is not null && i < batch * inputs; i++)
        {
            double sum = 0;
            for (int o = 0; o < outputs; o++)
            {
                sum += Data(dy)[(i / inputs * outputs) + o] * Values(weight)[(o * inputs) + (i % inputs)];
            }

            Put(dx, i, sum, accumulate);
        }
    }

    public void GlobalAveragePool(DeviceTensor x, DeviceTensor y) =>
        Set(y, false, i => Sum(Data(x).AsSpan(i * Plane(x), Plane(x))) / Plane(x));

    public void GlobalAveragePoolBackward(DeviceTensor dy, DeviceTensor dx, bool accumulate) =>
        Set(dx, accumulate, i => Data(dy)[i / Plane(dx)] / Plane(dx));

    public void L2Normalize(DeviceTensor x, DeviceTensor y)
    {
        double[] squares = PerSample(x, i => Data(x)[i] * Data(x)[i]);
        Set(y, false, i => squares[i / x.Shape.C] > 0 ? Data(x)[i] / Math.Sqrt(squares[i / x.Shape.C]) : 0);
    }

    public void L2NormalizeBackward(
        DeviceTensor x, DeviceTensor y, DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        double[] squares = PerSample(x, i => Data(x)[i] * Data(x)[i]);
        double[] dots = PerSample(x, i => Data(y)[i] * Data(dy)[i]);
        Set(dx, accumulate, i =>
        {
            int n = i / x.Shape.C;
            return squares[n] > 0 ? (Data(dy)[i] - (Data(y)[i] * dots[n])) / Math.Sqrt(squares[n]) : 0;
        });
    }

    /// <summary>Sums over the channels of [N,C,1,1].</summary>
    private static double[] PerSample(DeviceTensor x, Func<int, double> term) =>
        [.. Enumerable.Range(0, x.Shape.N).Select(n => Enumerable.Range(n * x.Shape.C, x.Shape.C).Sum(term))];

    /// <summary>The sum over the samples of all ranks.</summary>
    private double OverAll(DeviceTensor x, int channel, Func<int, double> term)
    {
        double sum = OverChannel(x, channel, term);
        return Share is { } share ? SumInOrder(share.GatherOfRanks<double>([sum])) : sum;
    }

    private static double OverChannel(DeviceTensor x, int channel, Func<int, double> term)
    {
        double sum = 0;
        int plane = x.Shape.H * x.Shape.W;
        for (int n = 0; n < x.Shape.N; n++)
        {
            int first = ((ReferenceTensor)x).At(n, channel, 0, 0);
            for (int i = first; i < first + plane; i++)
            {
                sum += term(i);
            }
        }

        return sum;
    }
}
