namespace SelfAdapt.Engine.Reference;

// Group normalisation by its definition.
internal sealed partial class ReferenceBackend
{
    public void GroupNorm(DeviceTensor x, in GroupNormParameters norm, DeviceTensor y)
    {
        VectorSlice scale = norm.Scale;
        VectorSlice bias = norm.Bias;
        foreach (Group group in Groups(x, norm))
        {
            for (int i = group.First; i < group.End; i++)
            {
                int c = i / Plane(x) % x.Shape.C;
                Data(y)[i] = (Values(scale)[c] * (Data(x)[i] - group.Mean) * group.Inverse) + Values(bias)[c];
            }
        }
    }

    public void GroupNormBackward(
        DeviceTensor x, in GroupNormParameters norm, DeviceTensor dy, DeviceTensor? dx, bool accumulate,
        VectorSlice dScale, VectorSlice dBias)
    {
        Values(dScale).Clear();
        Values(dBias).Clear();
        foreach (Group group in Groups(x, norm))
        {
            (double sum, double dot) = (0, 0);
            for (int i = group.First; i < group.End; i++)
            {
                int c = i / Plane(x) % x.Shape.C;
                double normalized = (Data(x)[i] - group.Mean) * group.Inverse;
                Values(dBias)[c] += Data(dy)[i];
                Values(dScale)[c] += Data(dy)[i] * normalized;
                sum += Values(norm.Scale)[c] * Data(dy)[i];
                dot += Values(norm.Scale)[c] * Data(dy)[i] * normalized;
            }

            double count = group.End - group.First;
            for (int i = group.First; dx is not null && i < group.End; i++)
            {
                double normalized = (Data(x)[i] - group.Mean) * group.Inverse;
                double g = Values(norm.Scale)[i / Plane(x) % x.Shape.C] * Data(dy)[i];
                Put(dx, i, group.Inverse * (g - (sum / count) - (normalized * dot / count)), accumulate);
            }
        }
    }

    private static List<Group> Groups(DeviceTensor x, in GroupNormParameters norm)
    {
        List<Group> groups = [];
        int count = x.Shape.C / norm.Groups * Plane(x);
        for (int first = 0; first < Data(x).Length; first += count)
        {
            ReadOnlySpan<double> values = Data(x).AsSpan(first, count);
            double mean = Sum(values) / count;
            double variance = 0;
            foreach (double value in values)
            {
                variance += (value - mean) * (value - mean) / count;
            }

            groups.Add(new(first, first + count, mean, 1 / Math.Sqrt(variance + norm.Epsilon)));
        }

        return groups;
    }

    /// <summary>A sample's group: where its values stand, and its statistics.</summary>
    private readonly record struct Group(int First, int End, double Mean, double Inverse);
}
