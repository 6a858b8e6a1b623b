using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;

namespace SelfAdapt.Probabilistic.Networks;

/// <summary>Draws samples of a batch of images from the prior: body and prior run once, the combining layers for each sample.</summary>
internal sealed class LatentSampler : IDisposable
{
    private readonly TrainableGraph _looking;
    private readonly TrainableGraph _sampling;
    private readonly int _latent;
    private readonly int _maps;
    private readonly float[] _image;
    private readonly float[] _planes;
    private float[] _prior = [];

    /// <param name="weights">Stay the caller's and may change between looks.</param>
    public LatentSampler(
        ProbabilisticNetwork network, NetworkWeights weights, Backend backend, int batch, int height, int width)
    {
        (_latent, _maps) = (network.Shape.Latent, network.MapChannels);
        _looking = new(network.Looking, weights, backend, batch, height, width, GraphMode.Inference);
        _sampling = new(network.Sampling, weights, backend, batch, height, width, GraphMode.Inference);
        _image = new float[_looking.Input.Length];
        _planes = new float[_sampling.Input.Length];
    }

    public int Batch => _looking.Batch;

    public int Height => _looking.Height;

    public int Width => _looking.Width;

    private int Plane => Height * Width;

    /// <summary>Takes up images, [batch, 1, height, width], and gives the prior's means and logarithms of deviations.</summary>
    /// <returns>[batch, 2 L].</returns>
    public float[] Look(ReadOnlySpan<float> images)
    {
        for (int n = 0; n < Batch; n++)
        {
            images.Slice(n * Plane, Plane).CopyTo(_image.AsSpan(n * (2 + _latent) * Plane));
        }

        _looking.Input.Upload(_image);
        _looking.Forward();
        float[] maps = _looking.Output.Download();
        for (int n = 0; n < Batch; n++)
        {
            maps.AsSpan(n * _maps * Plane, _maps * Plane).CopyTo(_planes.AsSpan(n * (_maps + _latent) * Plane));
        }

        return _prior = _looking.Embedding.Download();
    }

    /// <summary>The logits of a sample of the images that were looked at, [batch, 1, height, width].</summary>
    /// <param name="noise">Standard normal numbers, [batch, L].</param>
    public float[] Sample(ReadOnlySpan<float> noise)
    {
        for (int n = 0; n < Batch; n++)
        {
            for (int k = 0; k < _latent; k++)
            {
                float mean = _prior[(n * 2 * _latent) + k];
                float deviation = MathF.Exp(_prior[(((n * 2) + 1) * _latent) + k]);
                float z = mean + (deviation * noise[(n * _latent) + k]);
                _planes.AsSpan(((n * (_maps + _latent)) + _maps + k) * Plane, Plane).Fill(z);
            }
        }

        _sampling.Input.Upload(_planes);
        _sampling.Forward();
        return _sampling.Output.Download();
    }

    public void Dispose()
    {
        _looking.Dispose();
        _sampling.Dispose();
    }
}
