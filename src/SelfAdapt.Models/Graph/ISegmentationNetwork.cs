namespace SelfAdapt.Models.Graph;

/// <summary>A network in inference mode, whatever engine runs it: batches of tiles in, raw outputs out.</summary>
public interface ISegmentationNetwork : IDisposable
{
    /// <summary>Channels the input must have.</summary>
    int InputChannels { get; }

    /// <summary>What the output channels mean.</summary>
    OutputDescription Outputs { get; }

    /// <summary>Length of the embedding per tile (the style vector for Cellpose), 0 if there is none.</summary>
    int EmbeddingLength { get; }

    /// <summary>The power of intensities that it was made for: whoever cuts tiles raises them.</summary>
    double Gamma => 1;

    /// <summary>The one size that it takes tiles of, px; null: any multiple of 16.</summary>
    (int Height, int Width)? TileSize => null;

    /// <summary>Runs one batch in evaluation mode.</summary>
    /// <param name="input">[batch, InputChannels, height, width].</param>
    /// <param name="batch">Number of tiles.</param>
    /// <param name="height">Tile height, px, that of <see cref="TileSize"/> or else a multiple of 16.</param>
    /// <param name="width">Tile width, px, likewise.</param>
    /// <param name="output">Receives [batch, Outputs.Channels, height, width].</param>
    /// <param name="embedding">Receives [batch, EmbeddingLength].</param>
    void Run(
        ReadOnlySpan<float> input, int batch, int height, int width, Span<float> output, Span<float> embedding);
}
