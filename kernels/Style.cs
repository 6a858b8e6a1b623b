using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// The style vector and the linear layers on it: a few thousand numbers, so only the number of launches counts. Math: y
/// = x / |x| per sample (zero stays zero), dx = (dy - y (y.dy)) / |x|; y[n,o] = b[o] + sum w[o,i] x[n,i]. Layout:
/// [N,C,1,1] tensors [N][pitch(C)], weights [O][I]. Launch: a group per sample or per output, or a thread per value.
/// </summary>
public static class Style
{
    /// <summary>y = x / |x|.</summary>
    public static void Normalize(ArrayView<float> x, ArrayView<float> y, int channels, int pitch)
    {
        ArrayView<double> scratch = SharedMemory.Allocate<double>(Reduction.MaxThreads);
        int first = Grid.IdxX * pitch;
        double norm = Math.Sqrt(Reduction.Sum(Dot(x, x, first, channels), scratch));
        for (int c = Group.IdxX; c < channels; c += Group.DimX)
        {
            y[first + c] = norm > 0 ? (float)(x[first + c] / norm) : 0;
        }
    }

    /// <summary>dx = (dy - y (y.dy)) / |x|.</summary>
    public static void NormalizeBackward(
        ArrayView<float> x, ArrayView<float> y, ArrayView<float> dy, ArrayView<float> dx, int accumulate, int channels,
        int pitch)
    {
        ArrayView<double> scratch = SharedMemory.Allocate<double>(Reduction.MaxThreads);
        int first = Grid.IdxX * pitch;
        double norm = Math.Sqrt(Reduction.Sum(Dot(x, x, first, channels), scratch));
        Group.Barrier();
        double dot = Reduction.Sum(Dot(y, dy, first, channels), scratch);
        for (int c = Group.IdxX; c < channels; c += Group.DimX)
        {
            float value = norm > 0 ? (float)((dy[first + c] - (y[first + c] * dot)) / norm) : 0;
            dx[first + c] = accumulate != 0 ? dx[first + c] + value : value;
        }
    }

    /// <summary>y = w x + b; a group per output and sample.</summary>
    public static void Linear(
        ArrayView<float> x, ArrayView<float> weight, ArrayView<float> bias, ArrayView<float> y, int inputs, int outputs)
    {
        ArrayView<double> scratch = SharedMemory.Allocate<double>(Reduction.MaxThreads);
        int output = Grid.IdxX;
        int first = Grid.IdxY * Place.Pitch(inputs);
        double own = 0;
        for (int i = Group.IdxX; i < inputs; i += Group.DimX)
        {
            own += weight[(output * inputs) + i] * (double)x[first + i];
        }

        double sum = Reduction.Sum(own, scratch);
        if (Group.IdxX == 0)
        {
            y[(Grid.IdxY * Place.Pitch(outputs)) + output] = (float)(sum + bias[output]);
        }
    }

    /// <summary>dx[n,i] = sum over o of w[o,i] dy[n,o].</summary>
    public static void LinearBackwardData(
        ArrayView<float> weight, ArrayView<float> dy, ArrayView<float> dx, int accumulate, int inputs, int outputs,
        int count)
    {
        int index = Place.Index();
        if (index < count)
        {
            int i = index % inputs;
            int n = index / inputs;
            float sum = 0;
            for (int o = 0; o < outputs; o++)
            {
                sum += weight[(o * inputs) + i] * dy[(n * Place.Pitch(outputs)) + o];
            }

            int at = (n * Place.Pitch(inputs)) + i;
            dx[at] = accumulate != 0 ? dx[at] + sum : sum;
        }
    }

    /// <summary>dw[o,i] = sum over n of dy[n,o] x[n,i], db[o] = sum over n of dy[n,o].</summary>
    public static void LinearBackwardWeights(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> dWeight, ArrayView<float> dBias, int batch,
        int inputs, int outputs, int count)
    {
        int index = Place.Index();
        if (index < count)
        {
            int i = index % inputs;
            int o = index / inputs;
            float weight = 0;
            float bias = 0;
            for (int n = 0; n < batch; n++)
            {
                float g = dy[(n * Place.Pitch(outputs)) + o];
                weight += g * x[(n * Place.Pitch(inputs)) + i];
                bias += g;
            }

            dWeight[index] = weight;
            if (i == 0)
            {
                dBias[o] = bias;
            }
        }
    }

    private static double Dot(ArrayView<float> a, ArrayView<float> b, int first, int channels)
    {
        double sum = 0;
        for (int c = Group.IdxX; c < channels; c += Group.DimX)
        {
            sum += (double)a[first + c] * b[first + c];
        }

        return sum;
    }
}
