using System;

namespace SelfAdapt.Compute.Reference;

/// <summary>Convolution by its definition: seven nested loops.</summary>
internal sealed class ReferenceConvolution(int inputs, int outputs, int kernel) : Convolution
{
    private readonly double[] _weight = new double[outputs * inputs * kernel * kernel];
    private readonly double[] _bias = new double[outputs];

    /// <inheritdoc/>
    public override void LoadWeights(VectorSlice weight, VectorSlice? bias, bool forBackward)
    {
        Values(weight).CopyTo(_weight);
        if (bias is { } b)
        {
            Values(b).CopyTo(_bias);
        }
    }

    /// <inheritdoc/>
    public override void Forward(DeviceTensor x, DeviceTensor y)
    {
        ReferenceTensor output = (ReferenceTensor)y;
        for (int n = 0; n < y.Shape.N; n++)
        {
            for (int k = 0; k < outputs; k++)
            {
                Array.Fill(output.Data, _bias[k], output.At(n, k, 0, 0), y.Shape.H * y.Shape.W);
            }
        }

        ForEachProduct((ReferenceTensor)x, output, (xi, yi, wi) => output.Data[yi] += Input(x)[xi] * _weight[wi]);
    }

    /// <inheritdoc/>
    public override void BackwardData(DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        if (!accumulate)
        {
            Array.Clear(Input(dx));
        }

        ForEachProduct(
            (ReferenceTensor)dx, (ReferenceTensor)dy, (xi, yi, wi) => Input(dx)[xi] += Input(dy)[yi] * _weight[wi]);
    }

    /// <inheritdoc/>
    public override void BackwardWeights(DeviceTensor x, DeviceTensor dy, VectorSlice dWeight, VectorSlice? dBias)
    {
        double[] gradient = new double[_weight.Length];
        ForEachProduct(
            (ReferenceTensor)x, (ReferenceTensor)dy, (xi, yi, wi) => gradient[wi] += Input(x)[xi] * Input(dy)[yi]);
        gradient.CopyTo(Values(dWeight));
        if (dBias is not { } bias)
        {
            return;
        }

        Values(bias).Clear();
        int plane = dy.Shape.H * dy.Shape.W;
        for (int i = 0; i < Input(dy).Length; i++)
        {
            Values(bias)[i / plane % outputs] += Input(dy)[i];
        }
    }

    private static double[] Input(DeviceTensor tensor) => ((ReferenceTensor)tensor).Data;

    private static Span<double> Values(VectorSlice slice) =>
        ((HostVector<double>)slice.Vector).Data.AsSpan(slice.Offset, slice.Length);

    /// <summary>Visits every (input, output, weight) triple that the convolution multiplies.</summary>
    private void ForEachProduct(ReferenceTensor x, ReferenceTensor y, Action<int, int, int> visit)
    {
        (int batch, _, int height, int width) = y.Shape;
        int pad = kernel / 2;
        for (int n = 0; n < batch; n++)
        {
            for (int k = 0; k < outputs; k++)
            {
                for (int c = 0; c < inputs; c++)
                {
                    for (int tap = 0; tap < kernel * kernel; tap++)
                    {
                        int down = (tap / kernel) - pad;
                        int right = (tap % kernel) - pad;
                        int weight = (((k * inputs) + c) * kernel * kernel) + tap;
                        for (int h = Math.Max(0, -down); h < Math.Min(height, height - down); h++)
                        {
                            for (int w = Math.Max(0, -right); w < Math.Min(width, width - right); w++)
                            {
                                visit(x.At(n, c, h + down, w + right), y.At(n, k, h, w), weight);
                            }
                        }
                    }
                }
            }
        }
    }
}
