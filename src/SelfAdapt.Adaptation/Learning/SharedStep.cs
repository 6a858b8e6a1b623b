using SelfAdapt.Engine;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Adaptation.Learning;

/// <summary>
/// What a step of ranks that share a batch does together: the batch normalisations' sums are the backend's affair, the rest is
/// here.
/// </summary>
internal sealed class SharedStep(Backend backend, BatchShare share, TensorShape output, int parameters) : IDisposable
{
    private readonly float[] _gradient = new float[parameters];
    private readonly DeviceVector _own = backend.CreateVector((int)output.Count);
    private readonly DeviceVector _all = backend.CreateVector((int)(output with { N = share.Total }).Count);

    /// <summary>
    /// What thresholds are quantiles of, of the whole batch: of each channel that of the two vectors that they look at.
    /// </summary>
    public DeviceVector Judged(DeviceVector mean, DeviceVector deviation, ReadOnlySpan<ChannelMeaning> channels)
    {
        int plane = output.H * output.W;
        for (int p = 0; p < output.N * output.C; p++)
        {
            DeviceVector source = channels[p % output.C] is { IsLogit: true } or { Loss: ChannelLoss.Classes } ? mean : deviation;
            backend.Steps.Copy(source.Slice(p * plane, plane), _own.Slice(p * plane, plane));
        }

        float[] all = new float[_all.Length];
        share.Gather<float>(_own.Download(), all);
        _all.Upload(all);
        return _all;
    }

    /// <summary>Adds up everyone's gradients.</summary>
    public void Sum(DeviceVector gradient)
    {
        gradient.Download(_gradient);
        backend.Ranks.Sum(_gradient);
        gradient.Upload(_gradient);
    }

    /// <summary>The losses of the whole batch and the fractions kept: for the log.</summary>
    public float[] Losses(DeviceVector own)
    {
        float[] all = share.GatherOfRanks<float>(own.Download());
        double[] sums = new double[own.Length];
        for (int i = 0; i < all.Length; i++)
        {
            (int rank, int at) = Math.DivRem(i, sums.Length);
            sums[at] += all[i] * (at < 3 ? 1 : (double)share.Samples[rank] / share.Total);
        }

        return Array.ConvertAll(sums, s => (float)s);
    }

    public void Dispose()
    {
        _own.Dispose();
        _all.Dispose();
    }
}
