namespace SelfAdapt.Tool.Viewer;

/// <summary>A request that came from the site's own page.</summary>
/// <param name="Target">The path as it was sent: nothing of it is decoded.</param>
internal sealed record LocalRequest(string Method, string Target, byte[] Body);

/// <summary>What a <see cref="LocalServer"/> serves.</summary>
internal interface ILocalSite
{
    /// <summary>The most bytes that may be sent to an address.</summary>
    long MostBodyBytes(string target);

    /// <summary>Answers a request.</summary>
    Task<LocalResponse> AnswerAsync(LocalRequest request, CancellationToken aborted);
}
