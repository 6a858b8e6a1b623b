using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine.Reference;

/// <summary>The oracle of the tests: every op in double, scalar and obvious.</summary>
internal sealed partial class ReferenceBackend : HostBackend<double>, ITensorOperators
{
    internal override ITensorOperators Operators => this;

    public override string Name => "reference (double)";

    internal override DeviceTensor CreateTensor(TensorShape shape) => new ReferenceTensor(shape);

    internal override long TensorBytes(TensorShape shape) => shape.Count * sizeof(double);

    /// <summary>Each has memory of its own: so the oracle does not depend on how places were planned.</summary>
    internal override TensorBlock CreateTensors(IReadOnlyList<TensorPlace> places) =>
        new([.. places.Select(p => CreateTensor(p.Shape))], null, places.Sum(p => p.Bytes));

    internal override void Prepare(DeviceTensor tensor)
    {
        // Nothing but values.
    }

    internal override Convolution CreateConvolution(int inputs, int outputs, int kernel) =>
        new ReferenceConvolution(inputs, outputs, kernel);

    public void Import(VectorSlice source, DeviceTensor target) =>
        Values(source)[..Data(target).Length].CopyTo(Data(target));

    public void Export(DeviceTensor source, VectorSlice target) =>
        Data(source).CopyTo(Values(target));

    public void Copy(DeviceTensor source, DeviceTensor target, bool accumulate) =>
        Set(target, accumulate, i => Data(source)[i]);

    public void Add(DeviceTensor a, DeviceTensor b, DeviceTensor y) => Set(y, false, i => Data(a)[i] + Data(b)[i]);

    public void Multiply(DeviceTensor a, DeviceTensor b, DeviceTensor y, bool accumulate) =>
        Set(y, accumulate, i => Data(a)[i] * Data(b)[i]);

    public void AddPerChannel(DeviceTensor x, DeviceTensor s, DeviceTensor y) =>
        Set(y, false, i => Data(x)[i] + Data(s)[i / Plane(x)]);

    public void AddPerChannelBackward(DeviceTensor dy, DeviceTensor ds, bool accumulate) =>
        Set(ds, accumulate, i => Sum(Data(dy).AsSpan(i * Plane(dy), Plane(dy))));

    public void MultiplyPerChannel(DeviceTensor x, DeviceTensor s, DeviceTensor y, bool accumulate) =>
        Set(y, accumulate, i => Data(x)[i] * Data(s)[i / Plane(x)]);

    public void MultiplyPerChannelBackward(DeviceTensor x, DeviceTensor dy, DeviceTensor ds, bool accumulate) => Set(
        ds, accumulate, i => Enumerable.Range(i * Plane(x), Plane(x)).Sum(j => Data(x)[j] * Data(dy)[j]));

    public void PRelu(DeviceTensor x, VectorSlice slope, DeviceTensor y) =>
        Set(y, false, i => Data(x)[i] * (Data(x)[i] > 0 ? 1 : Values(slope)[SlopeOf(x, slope, i)]));

    public void PReluBackward(
        DeviceTensor x, VectorSlice slope, DeviceTensor dy, DeviceTensor? dx, bool accumulate, VectorSlice dSlope)
    {
        Values(dSlope).Clear();
        for (int i = 0; i < Data(x).Length; i++)
        {
            Values(dSlope)[SlopeOf(x, slope, i)] += Data(dy)[i] * Math.Min(Data(x)[i], 0);
        }

        if (dx is not null)
        {
            Set(dx, accumulate, i => Data(dy)[i] * (Data(x)[i] > 0 ? 1 : Values(slope)[SlopeOf(x, slope, i)]));
        }
    }

    public void Relu(DeviceTensor x, DeviceTensor y) => Set(y, false, i => Math.Max(Data(x)[i], 0));

    public void ReluBackward(DeviceTensor y, DeviceTensor dy, DeviceTensor dx, bool accumulate) =>
        Set(dx, accumulate, i => Data(y)[i] > 0 ? Data(dy)[i] : 0);

    public void Apply(DeviceTensor x, DeviceTensor y, ElementFunction function) =>
        Set(y, false, i => function.Value(Data(x)[i]));

    public void ApplyBackward(
        DeviceTensor x, DeviceTensor dy, DeviceTensor dx, ElementFunction function, bool accumulate) =>
        Set(dx, accumulate, i => function.Slope(Data(x)[i]) * Data(dy)[i]);

    public void CopyToChannels(DeviceTensor x, DeviceTensor y, int channel, bool accumulate)
    {
        int run = x.Shape.C * x.Shape.H * x.Shape.W;
        for (int n = 0; n < x.Shape.N; n++)
        {
            int to = ((ReferenceTensor)y).At(n, channel, 0, 0);
            for (int i = 0; i < run; i++)
            {
                Put(y, to + i, Data(x)[(n * run) + i], accumulate);
            }
        }
    }

    public void CopyFromChannels(DeviceTensor dy, int channel, DeviceTensor dx, bool accumulate)
    {
        int run = dx.Shape.C * dx.Shape.H * dx.Shape.W;
        for (int n = 0; n < dx.Shape.N; n++)
        {
            int from = ((ReferenceTensor)dy).At(n, channel, 0, 0);
            for (int i = 0; i < run; i++)
            {
                Put(dx, (n * run) + i, Data(dy)[from + i], accumulate);
            }
        }
    }

    private static int SlopeOf(DeviceTensor x, VectorSlice slope, int index) => index / Plane(x) % x.Shape.C % slope.Length;

    private static double[] Data(DeviceTensor tensor) => ((ReferenceTensor)tensor).Data;

    private static int Plane(DeviceTensor tensor) => tensor.Shape.H * tensor.Shape.W;

    private static void Set(DeviceTensor target, bool accumulate, Func<int, double> value)
    {
        for (int i = 0; i < Data(target).Length; i++)
        {
            Put(target, i, value(i), accumulate);
        }
    }

    private static void Put(DeviceTensor target, int index, double value, bool accumulate)
    {
        double[] data = Data(target);
        data[index] = accumulate ? data[index] + value : value;
    }

    private static double Sum(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (double value in values)
        {
            sum += value;
        }

        return sum;
    }
}
