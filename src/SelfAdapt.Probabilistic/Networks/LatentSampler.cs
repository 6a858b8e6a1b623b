using System.Numerics;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;

namespace SelfAdapt.Probabilistic.Networks;

/// <summary>Draws samples of a batch of images from the prior: body and prior run once, the combining layers for each sample.</summary>
internal sealed class LatentSampler : IDisposable
{
    private readonly ProbabilisticNetwork _network;
    private readonly TrainableGraph _looking;
    private readonly TrainableGraph _sampling;
    private readonly float[] _image;
    private readonly float[] _maps;
    private readonly float[] _shifted;
    private readonly float[] _weight;
    private readonly float[] _bias;
    private float[] _prior = [];

    /// <param name="weights">Stay the caller's and may change between looks.</param>
    public LatentSampler(
        ProbabilisticNetwork network, NetworkWeights weights, Backend backend, int batch, int height, int width)
    {
        _network = network;
        _looking = new(network.Looking, weights, backend, batch, height, width, GraphMode.Inference);
        _sampling = new(network.Sampling, weights, backend, batch, height, width, GraphMode.Inference);
        _image = new float[_looking.Input.Length];
        (_maps, _shifted) = (new float[_looking.Output.Length], new float[_looking.Output.Length]);
        (_weight, _bias) = (new float[network.LatentLayer.Weight.Length], new float[network.LatentLayer.Bias.Length]);
    }

    public int Batch => _looking.Batch;

    public int Height => _looking.Height;

    public int Width => _looking.Width;

    private int Plane => Height * Width;

    private int Latent => _network.Shape.Latent;

    /// <summary>Takes up images, [batch, 1, height, width], and gives the prior's means and logarithms of deviations.</summary>
    /// <returns>[batch, 2 L].</returns>
    public float[] Look(ReadOnlySpan<float> images)
    {
        for (int n = 0; n < Batch; n++)
        {
            images.Slice(n * Plane, Plane).CopyTo(_image.AsSpan(n * (2 + Latent) * Plane));
        }

        _looking.Input.Upload(_image);
        _looking.Forward();
        _looking.Output.Download(_maps);
        _looking.Weights.Parameters.Download(_weight, _network.LatentLayer.Weight.Offset);
        _looking.Weights.Parameters.Download(_bias, _network.LatentLayer.Bias.Offset);
        return _prior = _looking.Embedding.Download();
    }

    /// <summary>The logits of a sample of the images that were looked at, [batch, 1, height, width].</summary>
    /// <param name="noise">Standard normal numbers, [batch, L].</param>
    public float[] Sample(ReadOnlySpan<float> noise)
    {
        float[] latents = new float[noise.Length];
        for (int i = 0; i < latents.Length; i++)
        {
            int mean = (i / Latent * 2 * Latent) + (i % Latent);
            latents[i] = _prior[mean] + (MathF.Exp(_prior[mean + Latent]) * noise[i]);
        }

        Parallel.For(0, Batch * _bias.Length, plane =>
        {
            (int n, int channel) = (plane / _bias.Length, plane % _bias.Length);
            float shift = _bias[channel];
            for (int k = 0; k < Latent; k++)
            {
                shift += _weight[(channel * Latent) + k] * latents[(n * Latent) + k];
            }

            AddAndCut(_maps.AsSpan(plane * Plane, Plane), shift, _shifted.AsSpan(plane * Plane, Plane));
        });
        _sampling.Input.Upload(_shifted);
        _sampling.Forward();
        return _sampling.Output.Download();
    }

    public void Dispose()
    {
        _looking.Dispose();
        _sampling.Dispose();
    }

    /// <summary>max(x + shift, 0).</summary>
    private static void AddAndCut(ReadOnlySpan<float> x, float shift, Span<float> y)
    {
        int i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Max(new Vector<float>(x[i..]) + new Vector<float>(shift), Vector<float>.Zero).CopyTo(y[i..]);
        }

        for (; i < x.Length; i++)
        {
            y[i] = Math.Max(x[i] + shift, 0);
        }
    }
}
