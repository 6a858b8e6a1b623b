namespace SelfAdapt.Engine.Reference;

/// <summary>Convolution by its definition: seven nested loops.</summary>
internal sealed class ReferenceConvolution(int inputs, int outputs, int kernel) : Convolution
{
    private readonly double[] _weight = new double[outputs * inputs * kernel * kernel];
    private readonly double[] _bias = new double[outputs];

    public override void LoadWeights(VectorSlice weight, VectorSlice? bias, bool forBackward)
    {
        Values(weight).CopyTo(_weight);
        if (bias is { } b)
        {
            Values(b).CopyTo(_bias);
        }
    }

    public override void Forward(in NormalizedTensor x, in ConvolutionTerms terms, DeviceTensor y)
    {
        ReferenceTensor input = Read(x);
        ReferenceTensor output = (ReferenceTensor)y;
        double[] sums = new double[output.Data.Length];
        ForEachProduct(input, output, (xi, yi, wi) => sums[yi] += input.Data[xi] * _weight[wi]);
        int plane = y.Shape.H * y.Shape.W;
        for (int i = 0; i < sums.Length; i++)
        {
            double residual = terms.Residual is { } r ? Input(r)[i] : 0;
            double own = terms.PerChannel is { } c ? Input(c)[i / plane] : 0;
            output.Data[i] = sums[i] + _bias[i / plane % outputs] + residual + own;
        }
    }

    public override void BackwardData(DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        if (!accumulate)
        {
            Array.Clear(Input(dx));
        }

        ForEachProduct(
            (ReferenceTensor)dx, (ReferenceTensor)dy, (xi, yi, wi) => Input(dx)[xi] += Input(dy)[yi] * _weight[wi]);
    }

    public override void BackwardWeights(
        in NormalizedTensor x, DeviceTensor dy, VectorSlice dWeight, VectorSlice? dBias)
    {
        ReferenceTensor input = Read(x);
        double[] gradient = new double[_weight.Length];
        ForEachProduct(
            input, (ReferenceTensor)dy, (xi, yi, wi) => gradient[wi] += input.Data[xi] * Input(dy)[yi]);
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

    public override void Dispose()
    {
        // Managed memory: the collector takes it back.
    }

    private static ReferenceTensor Read(in NormalizedTensor x)
    {
        if (!x.IsNormalized)
        {
            return (ReferenceTensor)x.Tensor;
        }

        ReferenceTensor normalized = new(x.Tensor.Shape);
        ReferenceBackend.Normalize(x.Tensor, x.Norm, x.Saved!, normalized);
        return normalized;
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
