namespace SelfAdapt.Models.Graph;

/// <summary>A network in inference mode whose weights change while it is in use: a teacher's.</summary>
internal interface IRefreshableNetwork : ISegmentationNetwork
{
    /// <summary>What runs it, for logs.</summary>
    string Engine { get; }

    /// <summary>Takes new weights into use.</summary>
    /// <param name="weights">All parameters, then all statistics, laid out as in the <see cref="Network"/>.</param>
    void Refresh(ReadOnlySpan<float> weights);
}
