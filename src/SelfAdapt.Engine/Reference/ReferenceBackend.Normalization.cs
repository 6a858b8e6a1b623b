using System;

namespace SelfAdapt.Engine.Reference;

// Batch normalisation, the linear layer and the style vector, forward and backward by their definitions.
internal sealed partial class ReferenceBackend
{
    public void BatchNormStatistics(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved)
    {
        (int batch, int channels, int height, int width) = x.Shape;
        double count = (double)batch * height * width;
        for (int c = 0; c < channels; c++)
        {
            double mean = Values(norm.Mean)[c];
            double variance = Values(norm.Variance)[c];
            if (use != NormStatistics.Stored)
            {
                mean = OverChannel(x, c, (i) => Data(x)[i]) / count;
                double center = mean;
                variance = OverChannel(x, c, (i) => (Data(x)[i] - center) * (Data(x)[i] - center)) / count;
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
        double count = (double)batch * height * width;
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
        for (int i = 0; i < Data(y).Length; i++)
        {
            double sum = Values(bias)[i % outputs];
            for (int k = 0; k < inputs; k++)
            {
                sum += Data(x)[(i / outputs * inputs) + k] * Values(weight)[(i % outputs * inputs) + k];
            }

            Data(y)[i] = sum;
        }
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

    public void GlobalAveragePool(DeviceTensor x, DeviceTensor y)
    {
        int plane = x.Shape.H * x.Shape.W;
        for (int i = 0; i < Data(y).Length; i++)
        {
            Data(y)[i] = Sum(Data(x).AsSpan(i * plane, plane)) / plane;
        }
    }

    public void GlobalAveragePoolBackward(DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        int plane = dx.Shape.H * dx.Shape.W;
        for (int i = 0; i < Data(dx).Length; i++)
        {
            Put(dx, i, Data(dy)[i / plane] / plane, accumulate);
        }
    }

    public void L2Normalize(DeviceTensor x, DeviceTensor y)
    {
        int channels = x.Shape.C;
        for (int n = 0; n < x.Shape.N; n++)
        {
            double norm = Norm(Data(x).AsSpan(n * channels, channels));
            for (int c = 0; c < channels; c++)
            {
                Data(y)[(n * channels) + c] = norm > 0 ? Data(x)[(n * channels) + c] / norm : 0;
            }
        }
    }

    public void L2NormalizeBackward(
        DeviceTensor x, DeviceTensor y, DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        int channels = x.Shape.C;
        for (int n = 0; n < x.Shape.N; n++)
        {
            double norm = Norm(Data(x).AsSpan(n * channels, channels));
            double dot = 0;
            for (int i = n * channels; i < (n + 1) * channels; i++)
            {
                dot += Data(y)[i] * Data(dy)[i];
            }

            for (int i = n * channels; i < (n + 1) * channels; i++)
            {
                Put(dx, i, norm > 0 ? (Data(dy)[i] - (Data(y)[i] * dot)) / norm : 0, accumulate);
            }
        }
    }

    private static double Norm(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (double value in values)
        {
            sum += value * value;
        }

        return Math.Sqrt(sum);
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
